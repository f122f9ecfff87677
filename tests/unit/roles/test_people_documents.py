"""A record of a file becomes what the API would take, or says what is wrong with it."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.roles.users.reading.documents import Lines
from sendwell.roles.users.reading.table import Table

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)


def table(header: str, **named: str) -> Table:
    return Table.headed(header.encode(), named)


def why(record: bytes, form: Table | Lines) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        form.document(record)
    (flaw,) = caught.value.flaws
    return flaw.pointer, flaw.why


def header_flaws(header: bytes, **named: str) -> set[str]:
    with pytest.raises(Invalid) as caught:
        Table.headed(header, named)
    return {flaw.pointer for flaw in caught.value.flaws}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_row_is_read_by_its_header_whatever_stands_between_the_cells(delimiter: str) -> None:
    form = table(delimiter.join(["user_id", "email", '"name"']))

    document = form.document(delimiter.join(["ada", "", '"Ada ""L"" Lovelace"']).encode())

    assert document == {"user_id": "ada", "name": 'Ada "L" Lovelace'}


def test_columns_are_renamed_left_out_and_become_attributes_of_their_kind() -> None:
    form = table(
        "Nr,E-Mail,Notes,attributes.plan,attributes.seats:number,attributes.vip:boolean,"
        "attributes.tags:json,attributes.zip:text",
        **{"Nr": "user_id", "E-Mail": "email", "Notes": ""},
    )

    document = form.document(b'7,a@b.org,x,pro,-2.5,true,"[1,""a""]",01234')

    attributes = {"plan": "pro", "seats": -2.5, "vip": True, "tags": [1, "a"], "zip": "01234"}
    assert document == {"user_id": "7", "email": "a@b.org", "attributes": attributes}


def test_attributes_and_preferences_are_json_in_one_cell() -> None:
    form = table("user_id;attributes;preferences")

    document = form.document(b'ada;{"a":1};{"order":["sms"]}')

    assert document["attributes"] == {"a": 1}
    assert document["preferences"] == {"order": ["sms"]}


def test_a_column_without_a_name_is_left_out() -> None:
    assert table("user_id,,").document(b"ada,x,") == {"user_id": "ada"}


@given(st.lists(CELLS, min_size=2, max_size=5), st.sampled_from(",;\t"))
def test_a_row_has_the_cells_that_a_csv_writer_wrote(cells: list[str], delimiter: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerow(["ada", *cells])
    names = [f"attributes.{number}" for number in range(len(cells))]

    document = table(delimiter.join(["user_id", *names])).document(file.getvalue().encode()[:-1])

    told = {str(number): cell for number, cell in enumerate(cells) if cell}
    assert document.get("attributes", {}) == told


@pytest.mark.parametrize(
    ("record", "pointer", "said"),
    [
        (b"ada", "", "It has 1 cells"),
        (b"ada,1,true,x", "", "the header 3"),
        (b"\xff,1,true", "", "not UTF-8: byte 1"),
        (b"a\x00,1,true", "", "NUL"),
        (b'"ada,1,true', "", "not closed"),
        (b'"ada"x,1,true', "", "between the closing quote"),
        (b"a\rb,1,true", "", "ends in a way"),
        (b"ada,one,true", "/attributes.n", "no number"),
        (b"ada,NaN,true", "/attributes.n", "no number"),
        (b"ada,1,yes", "/attributes.b", "neither true nor false"),
    ],
)
def test_a_wrong_row_says_why(record: bytes, pointer: str, said: str) -> None:
    found = why(record, table("user_id,attributes.n:number,attributes.b:boolean"))

    assert pointer == found[0]
    assert said in found[1]


@pytest.mark.parametrize(
    ("header", "pointers"),
    [
        (b"email", {"/columns/user_id"}),
        (b"user_id,E/Mail", {"/columns/E~1Mail"}),
        (b"user_id,email,email", {"/columns/email"}),
        (b"user_id,attributes.a,attributes.a:json", {"/columns/attributes.a:json"}),
        (b"user_id,attributes,attributes.a", {"/columns/attributes"}),
        (b"user_id,attributes.a:date", {"/columns/attributes.a:date"}),
        (b"user_id,attributes.", {"/columns/attributes."}),
    ],
)
def test_a_wrong_header_points_at_each_column(header: bytes, pointers: set[str]) -> None:
    assert pointers == header_flaws(header)


def test_a_name_for_a_column_that_is_not_there_is_pointed_at() -> None:
    assert header_flaws(b"user_id", Mail="email") == {"/columns/Mail"}


def test_utf_16_is_called_by_its_name() -> None:
    with pytest.raises(Invalid, match="UTF-16"):
        Table.headed("user_id".encode("utf-16"), {})


def test_a_line_is_a_json_object() -> None:
    assert Lines().document(json.dumps({"user_id": "ada"}).encode()) == {"user_id": "ada"}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b"[]", "no JSON object"),
        (b'{"user_id":', "not valid JSON"),
        (b'{"user_id":NaN}', "not valid JSON"),
        (b'{"user_id":"\\ud800"}', "not valid JSON"),
        (b'{"user_id":"\\u0000"}', "NUL"),
        (b'{"user_id":"\xff"}', "not UTF-8"),
        (b"[" * 20_000, "not valid JSON"),
    ],
)
def test_a_wrong_line_says_why(record: bytes, said: str) -> None:
    pointer, told = why(record, Lines())

    assert pointer == ""
    assert said in told
