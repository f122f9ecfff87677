"""Letters that brokers take, however much there is to say."""

import msgspec
import pytest

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import NotificationId, Part, Position
from sendwell.domain.presets.plain import PRESET
from sendwell.messages.extract import Extract
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.cut import MOST_BYTES, cut
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.packed import Packer
from sendwell.messages.wire.seal import Seal
from tests.unit.messages.builders import EMAIL, NOW, a_request, a_task

PACKER = Packer(PRESET, secret=b"ours", tasks_by=PRESET)
MIB = 1024 * 1024


def requests(*sizes: int) -> list[Requested]:
    return [
        a_request(position=Position(number), content=Content(text="x" * size))
        for number, size in enumerate(sizes)
    ]


def tasks_to(recipients: int, size: int) -> list[Task]:
    to = tuple(To(email=f"person{number:05}@example.org") for number in range(recipients))
    request = a_request(to=to, content=Content(text="x" * size))
    return [Task(request, str(Part(each, EMAIL)), each, EMAIL, NOW) for each in range(recipients)]


def in_letters(tasks: list[Task]) -> list[Letter]:
    return cut(tasks, lambda own: PACKER.tasks(own, id_=str(id(own))))


def opened(letters: list[Letter]) -> list[Task]:
    return [task for each in letters for task in PACKER.open_tasks(each.body, each.headers)]


@pytest.mark.parametrize(
    "tasks",
    [
        tasks_to(1_000, 5),
        [a_task(request) for request in requests(*[32 * 1024] * 128)],
        [a_task(request) for request in requests(1, *[100_000] * 40)],
    ],
    ids=["a thousand recipients", "long texts", "a short one before long ones"],
)
def test_no_letter_is_too_long_and_no_task_is_lost(tasks: list[Task]) -> None:
    letters = in_letters(tasks)

    assert max(len(letter.body) for letter in letters) <= MOST_BYTES
    assert opened(letters) == tasks


def test_what_fits_is_one_letter() -> None:
    tasks = [a_task(request) for request in requests(*[300] * 128)]

    letters = in_letters(tasks)

    assert opened(letters) == tasks
    assert len(letters) == 1


@pytest.mark.parametrize("size", [400_000, 890_000, MIB])
def test_a_long_text_to_a_thousand_is_said_a_few_times_only(size: int) -> None:
    tasks = tasks_to(1_000, size)

    letters = in_letters(tasks)

    assert sum(len(letter.body) for letter in letters) < 4 * size
    assert max(len(letter.body) for letter in letters) < 1.2 * MIB
    assert opened(letters) == tasks


def test_what_is_too_long_alone_is_a_letter_of_its_own() -> None:
    letters = in_letters([a_task(request) for request in requests(MIB, MIB, MIB)])

    assert len(letters) == 3


def test_an_extract_says_a_request_once_as_well() -> None:
    tasks = tuple(tasks_to(1_000, 5))
    extract = Extract("1", "here", "email", tasks=tasks)

    letter = PACKER.extract(extract, key="acme")

    assert len(letter.body) < MOST_BYTES
    assert PACKER.open_extract(letter.body, letter.headers) == extract


def test_tasks_of_several_requests_get_back_their_own() -> None:
    one, other = a_request(), a_request(id=NotificationId("n-2"), position=Position(8))
    tasks = [a_task(each, part=part) for part in ("0.email", "1.email") for each in (one, other)]

    letter = PACKER.tasks(tasks, id_="1")

    assert PACKER.open_tasks(letter.body, letter.headers) == tasks


def test_who_knows_requests_in_each_task_only_does_not_misread_it() -> None:
    tasks = tasks_to(2, 5)

    assert PACKER.tasks(tasks[:1], id_="1").headers[headers.KIND] == "tasks"
    assert PACKER.tasks(tasks, id_="1").headers[headers.KIND] != "tasks"


def test_a_task_whose_request_nobody_says_cannot_be_read() -> None:
    body = msgspec.json.encode([a_task(a_request(to=()))])
    told = Seal(b"ours").seal(body, {headers.KIND: "tasks-said-once"})

    with pytest.raises(Invalid, match="not what was requested"):
        PACKER.open_tasks(body, told)
