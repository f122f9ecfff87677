"""The chain of hashes."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.audit_chain import Break, Entry, Head, ends, follow, seal

ENTRIES = st.lists(
    st.tuples(st.integers(0, 2**62), st.text(), st.text(), st.text(), st.text()), min_size=1
)


def chained(rows: list[tuple[int, str, str, str, str]]) -> list[tuple[Entry, str]]:
    head, chain = Head(), []
    for number, row in enumerate(rows, 1):
        entry = Entry("acme", number, *row)
        head = Head(number, seal(head.hash, entry))
        chain.append((entry, head.hash))
    return chain


@given(ENTRIES)
def test_a_chain_as_it_was_written_holds_to_its_head(
    rows: list[tuple[int, str, str, str, str]],
) -> None:
    chain = chained(rows)
    kept = Head(len(chain), chain[-1][1])

    found = follow(Head(), chain)

    assert found == kept
    assert ends(kept, kept) is None


@given(ENTRIES, st.data())
def test_a_changed_entry_breaks_the_chain_there(
    rows: list[tuple[int, str, str, str, str]], data: st.DataObject
) -> None:
    chain = chained(rows)
    where = data.draw(st.integers(0, len(chain) - 1))
    entry, sealed = chain[where]
    chain[where] = (entry._replace(actor=f"{entry.actor}x"), sealed)

    found = follow(Head(), chain)

    assert isinstance(found, Break)
    assert found.sequence == where + 1


def test_text_cannot_move_from_one_field_into_the_next() -> None:
    one = Entry("t", 1, 0, "ab", "c", "", "")
    other = Entry("t", 1, 0, "a", "bc", "", "")

    assert seal("", one) != seal("", other)


def test_a_chain_that_was_cut_off_is_shorter_than_its_head() -> None:
    chain = chained([(1, "a", "b", "c", "{}")] * 3)
    kept = Head(3, chain[-1][1])

    found = follow(Head(), chain[:2])

    assert isinstance(found, Head)
    assert ends(found, kept) is not None


def test_an_entry_that_was_taken_out_is_missed() -> None:
    chain = chained([(1, "a", "b", "c", "{}")] * 3)

    found = follow(Head(), [chain[0], chain[2]])

    assert isinstance(found, Break)
    assert found.sequence == 2
