"""Many in one message: what was packed comes out as it was, and only what we have packed."""

from dataclasses import replace

import pytest

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import UserId
from sendwell.domain.presets.plain import PRESET
from sendwell.domain.presets.preset import Partition
from sendwell.messages.extract import Extract
from sendwell.messages.requested import To
from sendwell.messages.wire import headers
from sendwell.messages.wire.packed import Packer
from sendwell.messages.wire.seal import Seal
from tests.unit.messages.builders import a_request, a_task


@pytest.fixture
def packer() -> Packer:
    return Packer(PRESET, secret=b"ours", tasks_by=PRESET)


def test_requests_tasks_and_extracts_come_out_as_they_were(packer: Packer) -> None:
    requests, tasks = [a_request(), a_request(lane=0)], [a_task()]
    extract = Extract("1", "here", "gateway", requested=tuple(requests))

    first = packer.requests(requests, id_="1")
    second = packer.tasks(tasks, id_="2")
    third = packer.extract(extract, key="acme")

    assert packer.open_requests(first.body, first.headers) == requests
    assert packer.open_tasks(second.body, second.headers) == tasks
    assert packer.open_extract(third.body, third.headers) == extract


def test_requests_of_a_tenant_stay_in_order_on_the_stream_of_what_was_accepted(
    packer: Packer,
) -> None:
    letter = packer.requests([a_request()], id_="1")

    assert (letter.stream.name, letter.key) == ("sendwell.accepted", a_request().tenant)


def test_requests_to_a_person_stay_in_order_where_those_of_a_tenant_need_not() -> None:
    by_user = replace(PRESET, partition_by=Partition.USER)
    packer = Packer(by_user, secret=b"ours", tasks_by=by_user)
    people = [a_request(to=(To(user_id=UserId(f"user-{number}")),)) for number in range(100)]

    keys = [packer.requests([each], id_=str(number)).key for number, each in enumerate(people)]
    assert len(set(keys)) > 12
    assert packer.requests([people[7]], id_="again").key == keys[7]
    assert all(key.startswith("acme/") for key in keys)
    assert packer.tasks([a_task()], id_="1").key != packer.tasks([a_task()], id_="2").key


def test_what_lies_on_the_wrong_stream_is_not_taken_for_something_else(packer: Packer) -> None:
    letter = packer.tasks([a_task()], id_="1")

    with pytest.raises(Invalid, match="'tasks', and 'requests' is read"):
        packer.open_requests(letter.body, letter.headers)


@pytest.mark.parametrize("change", ["body", "byte", "kind", "secret"])
def test_what_does_not_bear_our_seal_is_refused(packer: Packer, change: str) -> None:
    letter = packer.requests([a_request()], id_="1")
    told = {**letter.headers, headers.KIND: "tasks"} if change == "kind" else letter.headers
    forged = {"body": letter.body + b" ", "byte": letter.body[:-1] + b"~"}
    body = forged.get(change, letter.body)
    reader = Packer(PRESET, secret=b"theirs", tasks_by=PRESET) if change == "secret" else packer

    with pytest.raises(Invalid, match="our seal"):
        reader.open_requests(body, told)


def test_what_was_packed_before_the_secret_was_changed_is_opened(packer: Packer) -> None:
    letter = packer.requests([a_request()], id_="1")
    later = Packer(PRESET, secret=b"new", also=b"ours", tasks_by=PRESET)

    assert later.open_requests(letter.body, letter.headers) == [a_request()]


def test_sealed_nonsense_cannot_be_read(packer: Packer) -> None:
    told = Seal(b"ours").seal(b"[]", {headers.KIND: "extract"})

    with pytest.raises(Invalid, match="cannot be read"):
        packer.open_extract(b"[]", told)
