from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sendwell.domain.channel import Channel
from sendwell.domain.ids import ChannelName, UserId
from sendwell.domain.presets import PRESETS
from sendwell.domain.presets.preset import Partition
from sendwell.messages.dead import Dead
from sendwell.messages.original import Original
from sendwell.messages.requested import Content, Requested, TemplateRef, To
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.opening import Copy, Opening
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.roles.gateway.wire import read
from tests.unit.messages.builders import (
    CHANNELS,
    EMAIL,
    NOW,
    a_request,
    a_task,
    raws,
    requests,
    tasks,
)
from tests.unit.messages.carried import OF_CONTRACT, ORIGINAL, TENANT, WRITTEN, opened
from tests.unit.messages.contracts import TENANT_REQUEST

FOREIGN = ["tenant", "intents", "lanes", "direct"]
of_every_preset = pytest.mark.parametrize("preset", FOREIGN)
presets = st.sampled_from(FOREIGN)


def told(letter: Letter, name: str) -> Any:
    return msgspec.json.decode(letter.headers[name])


def test_a_task_carries_its_producers_json_unchanged() -> None:
    letter = Carrier(TENANT).task(a_task(OF_CONTRACT))

    assert letter.body == WRITTEN
    assert (letter.stream.name, letter.key) == ("notification.send", "uuid")
    assert letter.headers[headers.ORGANIZATION] == "uuid"
    assert letter.headers[headers.IDEMPOTENCY] == "uuid~06709f94087aedea.0.email"
    assert letter.headers[headers.LANE] == "medium"


def test_what_the_body_says_is_not_said_again_in_headers() -> None:
    letter = Carrier(TENANT).task(a_task(OF_CONTRACT))

    assert told(letter, headers.BODY) == {"data": "payload", "original": "TenantRequest"}
    assert "John" not in letter.headers[headers.MESSAGE]


def test_words_that_nobody_wrote_are_made_again() -> None:
    content = Content(subject="Hi", title="Hi", text="Hi\n\nName: Ada")
    request = a_request(event_type="hi", data=msgspec.Raw(b'{"name":"Ada"}'), content=content)

    letter = Carrier(PRESETS["direct"]).task(a_task(request))
    found = opened(letter)

    assert told(letter, headers.BODY)["content"] == ""
    assert "content" not in msgspec.json.decode(letter.body)
    assert isinstance(found, Task)
    assert found.request.content == content


def original_of(preset: str, written: msgspec.Raw) -> Original:
    return Original(CONTRACTS[preset].schema, written)


@given(preset=presets, task=tasks(), written=st.none() | raws)
def test_a_task_is_opened_as_it_was(preset: str, task: Task, written: msgspec.Raw | None) -> None:
    original = original_of(preset, written) if written else None
    task.request = msgspec.structs.replace(task.request, original=original)

    found = opened(Carrier(PRESETS[preset]).task(task))

    assert isinstance(found, Task), found
    is_all = len(task.request.to) == 1
    request = msgspec.structs.replace(found.request, to=task.request.to, original=original)
    assert found.request.original == (original if is_all else None)
    assert found.request.to[found.recipient] == task.request.to[task.recipient]
    assert msgspec.structs.replace(found, request=request) == task


@given(preset=presets, request=requests(), written=st.none() | raws)
def test_a_request_is_opened_as_it_was(
    preset: str, request: Requested, written: msgspec.Raw | None
) -> None:
    original = original_of(preset, written) if written else None
    request = msgspec.structs.replace(request, original=original)

    assert opened(Carrier(PRESETS[preset]).accepted(request)) == request


@of_every_preset
def test_what_was_written_in_the_words_of_another_preset_is_said_in_those_of_this_one(
    preset: str,
) -> None:
    written = msgspec.Raw(b'{"some": "words", "organization_id": "acme"}')
    request = a_request(original=Original("OtherRequest", written))
    carrier = Carrier(PRESETS[preset])

    letters = [carrier.accepted(request), carrier.task(a_task(request))]

    plain = a_request()
    assert [each.body for each in letters] == [
        carrier.accepted(plain).body,
        carrier.task(a_task(plain)).body,
    ]
    assert all("some" not in each.headers[headers.MESSAGE] for each in letters)
    assert opened(letters[0]) == plain


@of_every_preset
def test_headers_stay_short_however_much_there_is_to_say(preset: str) -> None:
    data, metadata = (
        msgspec.Raw(msgspec.json.encode({name: name * 100_000})) for name in ("x", "y")
    )
    request = a_request(data=data, metadata=metadata, content=Content(html="z" * 100_000))

    letter = Carrier(PRESETS[preset]).task(a_task(request))

    assert sum(map(len, letter.headers.values())) < 1_000
    assert opened(letter) == a_task(request)


def test_a_thousand_recipients_stay_in_the_body() -> None:
    many = tuple(To(email=f"user-{number}@example.org") for number in range(1_000))
    written = msgspec.Raw(msgspec.json.encode({"to": many, "content": {"text": "Hello"}}))
    request = a_request(to=many, original=original_of("lanes", written))

    letter = Carrier(PRESETS["lanes"]).accepted(request)

    assert len(letter.headers[headers.MESSAGE]) < 1_000
    assert opened(letter) == request


def test_a_task_for_one_of_many_speaks_of_that_one_alone() -> None:
    written = msgspec.Raw(b'{"to": [{"email": "a@example.org"}, {"email": "b@example.org"}]}')
    request = a_request(
        to=(To(email="a@example.org"), To(email="b@example.org")),
        original=original_of("lanes", written),
    )

    letter = Carrier(PRESETS["lanes"]).task(a_task(request, recipient=1, part="1.email"))

    assert b"a@example.org" not in letter.body
    assert "a@example.org" not in letter.headers[headers.MESSAGE]
    assert msgspec.json.decode(letter.body)["to"] == {"email": "b@example.org"}


def test_a_task_for_one_of_many_says_how_many_there_are() -> None:
    several = a_request(to=(To(email="a@example.org"), To(email="b@example.org")))
    letter = Carrier(PRESETS["lanes"]).task(a_task(several))
    silent = {**letter.headers}  # as it was written before letters said so
    silent[headers.MESSAGE] = silent[headers.MESSAGE].replace(',"recipients":2', "")

    found = [opened(each) for each in (letter, replace(letter, headers=silent))]

    tasks = [each for each in found if isinstance(each, Task)]
    assert [each.request.to for each in tasks] == [(several.to[0], To()), several.to[:1]]


@of_every_preset
def test_a_task_composed_in_the_presets_words_is_a_request_that_reads_alike(preset: str) -> None:
    request = a_request(
        to=(To(user_id=UserId("user-001")),),
        content=None,
        template=TemplateRef("order-shipped", locale="de-AT"),
    )
    task = a_task(request, channel=ChannelName("in_app"), part="0.in_app")

    letter = Carrier(PRESETS[preset]).task(task)
    found = Reader(preset, CHANNELS).read(Incoming(letter.body), now=NOW)

    assert isinstance(found, Asked), found
    given_ = read(found.body)
    assert (found.tenant, found.id) == (request.tenant, request.id)
    assert {given_.user_id, getattr(given_.to, "user_id", None)} == {"user-001", None}
    assert (given_.event_type, given_.channel) == ("order_shipped", "in_app")
    assert (given_.template, given_.locale) == ("order-shipped", "de-AT")
    assert given_.priority == "medium"
    assert (bytes(given_.data), bytes(given_.metadata)) == (b'{"order": "4711"}', b'{"shop":1}')
    assert given_.correlation_id == "c-1"


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
def test_a_task_of_preset_tenant_names_the_recipient_by_the_address_on_its_channel(
    channel: Channel,
) -> None:
    to = To(
        user_id=UserId("user-001"), email="ada@example.org", phone="+436641234567",
        token="t-1", url="https://example.org/hook",
    )  # fmt: skip
    task = a_task(a_request(to=(to,)), channel=channel.name, part=f"0.{channel.name}")

    letter = Carrier(TENANT).task(task)
    found = Reader("tenant", CHANNELS).read(Incoming(letter.body), now=NOW)

    address = getattr(to, channel.address_field)
    assert msgspec.json.decode(letter.body)["recipient"] == address
    assert isinstance(found, Asked), found
    assert read(found.body).to == To(**{channel.address_field: address})


@pytest.mark.parametrize(
    ("to", "name"),
    [
        (To(user_id=UserId("user-001"), email="ada@example.org"), "user-001"),
        (To(email="ada@example.org"), ""),
    ],
)
def test_an_address_of_another_channel_is_never_the_recipient(to: To, name: str) -> None:
    sms = ChannelName("sms")

    letter = Carrier(TENANT).task(a_task(a_request(to=(to,)), channel=sms, part="0.sms"))

    assert msgspec.json.decode(letter.body)["recipient"] == name


def test_a_request_by_one_channel_names_the_recipient_by_the_address_on_it() -> None:
    to = To(user_id=UserId("user-001"), email="ada@example.org", phone="+436641234567")
    request = a_request(to=(to,), channels=(ChannelName("sms"),))

    letter = Carrier(TENANT).accepted(request)

    message = msgspec.json.decode(letter.body)
    assert (message["channel"], message["recipient"]) == ("SMS", "+436641234567")


@given(preset=presets, task=tasks())
def test_whatever_is_composed_can_be_read(preset: str, task: Task) -> None:
    request = task.request
    assume(all(len(text) <= 100 for text in (request.event_type, *request.channels)))

    letter = Carrier(PRESETS[preset]).task(task)
    found = Reader(preset, CHANNELS).read(Incoming(letter.body), now=NOW)

    assert isinstance(found, Asked), found
    assert found.tenant == request.tenant
    assert found.id == request.id
    assert read(found.body).channel == task.channel


@pytest.mark.parametrize(
    ("lane", "name"), [(0, "critical"), (1, "high"), (2, "medium"), (3, "low")]
)
def test_a_lane_has_its_stream(lane: int, name: str) -> None:
    letter = Carrier(PRESETS["lanes"]).accepted(a_request(lane=lane))

    assert letter.stream.name == f"notifications.{name}"


def test_a_request_by_rest_is_shown_and_read_again_as_the_same() -> None:
    written = b'{"user_id": "user-001", "event_type": "greeting", "content": "Hello"}'
    request = a_request(
        to=(To(user_id=UserId("user-001")),), original=original_of("lanes", msgspec.Raw(written))
    )

    letter = Carrier(PRESETS["lanes"]).requested(request)
    again = Reader("lanes", CHANNELS).read(Incoming(letter.body, letter.headers), now=NOW)

    assert (letter.stream.name, letter.body) == ("notifications.raw", written)
    assert opened(letter) == Copy()
    assert isinstance(again, Asked)
    assert (again.tenant, again.id) == (request.tenant, request.id)


def test_a_retry_waits_in_the_stream_of_retries() -> None:
    task = a_task(OF_CONTRACT, attempt=1, due=NOW + 2_000_000)

    letter = Carrier(TENANT).retry(task)

    assert (letter.stream.name, letter.body) == ("notification.send.retry", WRITTEN)
    assert letter.headers[headers.ATTEMPT] == "1"
    assert letter.headers[headers.DUE] == "2026-09-21T14:13:22.000Z"
    assert opened(letter) == task


def a_dead_letter(preset: str, text: str = "Mailbox is full") -> Letter:
    dead = Dead(
        tenant=OF_CONTRACT.tenant, position=OF_CONTRACT.position, notification=OF_CONTRACT.id,
        part="0.email", channel=EMAIL, event_type="x", lane=2, cause="attempts_exhausted",
        code="452", text=text, provider="smtp", attempt=4, at=NOW,
    )  # fmt: skip
    original = msgspec.structs.replace(ORIGINAL, schema=CONTRACTS[preset].schema)
    request = msgspec.structs.replace(OF_CONTRACT, original=original)
    return Carrier(PRESETS[preset]).dead(dead, a_task(request, attempt=4))


@pytest.mark.parametrize(
    ("preset", "name", "queue"),
    [
        ("tenant", "notification.send.dlt", "notification.send.dlt"),
        ("direct", "failed", "failed.queue"),
        ("intents", "sendwell.dead", "sendwell.dead"),
    ],
)
def test_a_dead_letter_is_the_producers_json_with_the_error_in_headers(
    preset: str, name: str, queue: str
) -> None:
    letter = a_dead_letter(preset)

    assert (letter.stream.name, letter.stream.queue, letter.body) == (name, queue, WRITTEN)
    assert letter.headers[headers.CAUSE] == "attempts_exhausted"
    assert (letter.headers[headers.CODE], letter.headers[headers.PROVIDER]) == ("452", "smtp")
    assert letter.headers[headers.TEXT] == "Mailbox is full"
    assert letter.headers[headers.ATTEMPT] == "4"


def test_a_dead_letter_is_no_task_any_more() -> None:
    assert opened(a_dead_letter("direct")) is None


def test_an_error_of_many_lines_is_one_line_in_a_header() -> None:
    letter = a_dead_letter("direct", text="no\r\nreason\x00 " + "x" * 5_000)

    text = letter.headers[headers.TEXT]
    assert text.startswith("no  reason  x")
    assert text.isprintable()
    assert len(text) == 1_000


def test_every_attempt_is_a_letter_of_its_own_and_the_same_one_is_the_same() -> None:
    first, second = (Carrier(TENANT).task(a_task(attempt=n)).id for n in (0, 1))

    assert first != second
    assert first == Carrier(TENANT).task(a_task(attempt=0)).id


def test_letters_of_two_tenants_never_share_an_id() -> None:
    one, other = (Carrier(TENANT).task(a_task(a_request(tenant=name))).id for name in ("a", "b"))

    assert one != other


def test_a_letter_stays_in_order_with_its_tenant_or_its_recipient() -> None:
    by_tenant = Carrier(TENANT).task(a_task())
    by_user = Carrier(replace(TENANT, partition_by=Partition.USER)).task(a_task())

    assert (by_tenant.key, by_user.key) == ("acme", "acme/ada@example.org")


# Proof


def test_a_message_without_our_headers_is_not_ours() -> None:
    assert Opening().open(Incoming(TENANT_REQUEST)) is None


def test_a_copy_of_what_came_by_rest_is_known_as_such_by_its_seal() -> None:
    letter = Carrier(PRESETS["lanes"], secret=b"ours").requested(a_request())
    forged = Incoming(letter.body + b" ", letter.headers)

    unproven = Opening(secret=b"ours").open(forged)

    assert opened(letter, secret=b"ours") == Copy()
    assert isinstance(unproven, Quarantined)
    assert unproven.reason is Reason.UNPROVEN


@pytest.mark.parametrize("preset", ["intents", "lanes"])
@given(requests())
def test_a_copy_of_what_came_by_rest_can_be_read_by_others_as_the_same(
    preset: str, request: Requested
) -> None:
    letter = Carrier(PRESETS[preset]).requested(request)

    asked = Reader(preset, CHANNELS).read(Incoming(letter.body, letter.headers), now=NOW)

    assert isinstance(asked, Asked)
    assert (asked.tenant, asked.id) == (request.tenant, request.id)
    assert read(asked.body).id == request.id


def test_what_is_empty_is_not_written() -> None:
    letter = Carrier(PRESETS["lanes"]).requested(a_request(data=msgspec.Raw(b"{}")))

    assert {"data", "payload"}.isdisjoint(msgspec.json.decode(letter.body))
