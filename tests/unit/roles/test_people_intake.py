"""A file in any pieces, interrupted anywhere and taken up again, comes to the same people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Flaw, Invalid
from sendwell.roles.users.reading.documents import Document
from sendwell.roles.users.reading.intake import (
    MOST_RECORDS,
    Batch,
    Intake,
    Kind,
    LineFlaw,
    Progress,
)

Outcome = tuple[list[tuple[int, str]], list[LineFlaw], int]
LINES = st.lists(
    st.sampled_from(
        [
            b"ada,Ada",
            b'bob,"Bob ""B"" Builder"',
            b'cid,"C\nid"',
            b'dan,"D;,an',
            b"eve",
            b"",
            b";;",
            b"f\xff,F",
            b'gus,5" pipe',
            b"hal,Hal\r",
        ]
    ),
    max_size=12,
)
CUTS = st.lists(st.integers(1, 40), max_size=20)


def read(document: Document) -> str:
    if document["user_id"] == "gus":
        raise Invalid("Not gus.", flaws=[Flaw("/user_id", "Not gus.")])
    return f"{document['user_id']}: {document.get('name')}"


def an_intake(kind: Kind = Kind.CSV, progress: Progress | None = None) -> Intake[str]:
    return Intake(kind, progress or Progress(), columns={"id": "user_id"}, read=read)


def added(batches: list[Batch[str]]) -> Outcome:
    return (
        [good for batch in batches for good in batch.good],
        [flaw for batch in batches for flaw in batch.flaws],
        sum(batch.refused for batch in batches),
    )


def at_once(content: bytes) -> Outcome:
    intake = an_intake()
    for _ in intake.feed(content):
        pass
    intake.end()
    return added([intake.take()])


@given(LINES, CUTS, st.booleans())
def test_a_file_that_is_interrupted_anywhere_comes_to_the_same(
    lines: list[bytes], cuts: list[int], ends_with_line: bool
) -> None:
    content = b"\n".join([b"id,name", *lines]) + (b"\n" if ends_with_line else b"")
    progress, batches = Progress(), []

    for cut in cuts:
        intake = an_intake(progress=progress)
        begun = progress.place.offset
        for _ in intake.feed(content[begun : begun + cut]):
            batches.append(intake.take())
            progress = batches[-1].progress
    intake = an_intake(progress=progress)
    for _ in intake.feed(content[progress.place.offset :]):
        pass
    intake.end()

    assert at_once(content) == added([*batches, intake.take()])


def test_each_refused_record_is_told_with_the_line_it_begins_in() -> None:
    content = b'\nid,name\nada,Ada\ngus,G\n"b\nb",B\neve\n'

    good, flaws, refused = at_once(content)

    assert good == [(3, "ada: Ada"), (5, "b\nb: B")]
    assert [(flaw.line, flaw.number, flaw.field) for flaw in flaws] == [
        (4, 0, "user_id"),
        (7, 0, ""),
    ]
    assert refused == 2


def test_a_quote_that_is_never_closed_takes_the_rest_and_says_where_it_began() -> None:
    good, flaws, refused = at_once(b'id,name\nada,Ada\nbob,"Bob\ncid,Cid\n')

    assert good == [(2, "ada: Ada")]
    assert [(flaw.line, flaw.why) for flaw in flaws] == [(3, "A quoted cell is not closed.")]
    assert refused == 1


def test_a_batch_is_full_by_number_or_by_size() -> None:
    many, large = an_intake(), an_intake()
    for _ in many.feed(b"id\n" + b"x\n" * (MOST_RECORDS - 1)):
        assert not many.is_full
    list(many.feed(b"x\n"))
    assert many.is_full

    list(large.feed(b"id\n" + (b"x" * 60_000 + b"\n") * 17))
    assert not large.is_full
    list(large.feed(b"x" * 60_000 + b"\n"))
    assert large.is_full


def test_of_one_record_only_so_many_flaws_are_kept() -> None:
    def refuse(_: Document) -> str:
        raise Invalid("All wrong.", flaws=[Flaw(f"/{n}", "Wrong.") for n in range(100)])

    intake = Intake(Kind.NDJSON, Progress(), columns={}, read=refuse)
    list(intake.feed(b"{}\n"))

    assert len(intake.take().flaws) == 20


def test_a_refusal_without_flaws_is_told_by_its_message() -> None:
    def refuse(_: Document) -> str:
        raise Invalid("Nobody is taken.")

    intake = Intake(Kind.NDJSON, Progress(), columns={}, read=refuse)
    list(intake.feed(b"{}\n"))

    assert intake.take().flaws == [LineFlaw(1, 0, "", "Nobody is taken.")]


def test_a_header_that_cannot_be_used_ends_the_reading() -> None:
    with pytest.raises(Invalid, match="The header is wrong"):
        list(an_intake().feed(b"name\nAda\n"))
