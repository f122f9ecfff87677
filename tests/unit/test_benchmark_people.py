"""The people of the benchmarks are such as the product takes, and its mail reaches all of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.people_file import choosy, plain, table, write
from benchmarks.people_floor import batches, into_sqlite
from sendwell.adapters.system import SystemClock
from sendwell.domain.admission import GO, Ask, admit
from sendwell.domain.ids import ChannelName
from sendwell.domain.person import Person
from sendwell.roles.users.api.person_lines import read_person
from sendwell.roles.users.reading.documents import Lines
from sendwell.roles.users.reading.intake import Intake, Kind, Progress

COUNT = 500


def test_people_of_the_table_and_of_the_lines_are_the_same() -> None:
    intake = Intake(Kind.CSV, Progress(), columns={}, read=read_person)
    for _ in intake.feed("".join(table(COUNT)).encode()):
        pass
    batch = intake.take()

    of_lines = [read_person(Lines().document(line.encode())) for line in plain(COUNT)]

    assert batch.refused == 0
    assert [put for _, put in batch.good] == of_lines


def test_what_people_have_chosen_keeps_no_order_away_for_an_hour() -> None:
    now = datetime.fromtimestamp(SystemClock().now() / 1e6, UTC)
    ask = Ask(ChannelName("email"), "orders", is_critical=False)
    puts = [read_person(Lines().document(line.encode())) for line in choosy(COUNT)]

    verdicts = [
        admit(
            ask,
            Person(put.user, timezone=put.profile.timezone, preferences=put.preferences),
            suppressed=None,
            now=at,
            default_zone="UTC",
        )
        for put in puts
        if put.preferences is not None
        for at in (now, now + timedelta(hours=1))
    ]

    assert verdicts == [GO] * (2 * COUNT)


def test_the_floor_stores_every_row(tmp_path: Path) -> None:
    file = write(tmp_path / "people.csv", table(COUNT))

    into_sqlite(file, tmp_path / "floor.db")

    assert sum(map(len, batches(file))) == COUNT
