"""How the members of a group share the shards of a stream."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.bus.postgres.sharing import SHARDS, Seen, share_out

HOLDERS = st.lists(st.sampled_from("abcde-"), min_size=SHARDS, max_size=SHARDS)
"""Who holds each shard; nobody is `-`."""


def seen_by(member: str, holders: str, *, alive: str) -> list[Seen]:
    return [
        Seen(shard, token=7, is_mine=holder == member, is_free=holder not in alive)
        for shard, holder in enumerate(holders)
    ]


def tokens(member: str, holders: str) -> dict[int, int]:
    return {shard: 7 for shard, holder in enumerate(holders) if holder == member}


def carry_out(member: str, holders: str, *, alive: str, busy: frozenset[int] = frozenset()) -> str:
    """Who holds each shard once the member has done what it should."""
    plan = share_out(
        seen_by(member, holders, alive=alive),
        held=tokens(member, holders),
        busy=busy,
        members=len(alive),
        draw=lambda: 0.5,
    )
    held = list(holders)
    for shard in plan.releases:
        held[shard] = "-"
    for each in plan.claims:
        held[each.shard] = member
    return "".join(held)


def test_a_member_alone_takes_everything() -> None:
    assert "a" * SHARDS == carry_out("a", "-" * SHARDS, alive="a")


def test_a_member_takes_from_the_dead_and_not_from_the_living() -> None:
    held = carry_out("a", "b" * 16 + "c" * 16, alive="ab")

    assert "b" * 16 + "a" * 16 == held


@given(holders=HOLDERS.map("".join), alive=st.sampled_from(["a", "ab", "abc", "abcde"]))
def test_after_two_rounds_everything_is_held_and_nobody_has_more_than_a_fair_part(
    holders: str, alive: str
) -> None:
    for member in alive * 2:
        holders = carry_out(member, holders, alive=alive)

    parts = {member: holders.count(member) for member in alive}
    assert sum(parts.values()) == SHARDS
    assert max(parts.values()) <= -(-SHARDS // len(alive))


def test_what_is_being_worked_on_is_released_only_afterwards() -> None:
    seen = seen_by("a", "a" * SHARDS, alive="ab")
    mine = tokens("a", "a" * SHARDS)
    busy = range(20)

    while_busy = share_out(seen, held=mine, busy=busy, members=2, draw=lambda: 0.5)
    after = share_out(seen, held=mine, busy=(), members=2, draw=lambda: 0.5)

    assert set(while_busy.releases).isdisjoint(busy)
    assert (len(while_busy.releases), while_busy.is_final) == (12, False)
    assert (len(after.releases), after.is_final) == (16, True)


def test_what_was_held_before_a_failure_is_claimed_anew_or_given_back() -> None:
    seen = seen_by("a", "a" * SHARDS, alive="ab")

    plan = share_out(seen, held={}, busy=(), members=2, draw=lambda: 0.5)

    assert len(plan.claims) == len(plan.releases) == 16
    assert {each.shard for each in plan.claims}.isdisjoint(plan.releases)


def test_a_shard_with_another_token_is_not_ours_to_keep() -> None:
    seen = [Seen(0, token=8, is_mine=True, is_free=False)]

    plan = share_out(seen, held={0: 7}, busy=(), members=1, draw=lambda: 0.5)

    assert seen == plan.claims
