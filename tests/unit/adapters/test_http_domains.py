from cProfile import Profile

import pytest

from sendwell.adapters.http.domains import Domains, domain_of

A_MINUTE = 60.0
FOREVER = 20.0


def dead(count: int) -> list[str]:
    return [f"dead-{number}.example" for number in range(count)]


def begin_all(domains: Domains, names: list[str], *, times: int = 96, now: float = 0.0) -> int:
    """As many questions as may be begun, each domain in turn."""
    begun = 0
    for _ in range(times):
        for name in names:
            if domains.may_begin(name, now):
                domains.begin(name)
                begun += 1
    return begun


def having_been_asked(names: list[str], *, took: float) -> Domains:
    domains = Domains()
    for name in names:
        domains.begin(name)
        domains.end(name, took=took, now=0.0)
    return domains


def calls_of_a_question(domains: Domains, name: str) -> int:
    profile = Profile()
    profile.runcall(domains.may_begin, name, 0.0)
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("hooks.shop.example", "shop.example"),
        ("a.b.shop.example.", "shop.example"),
        ("hooks.shop.co.uk", "shop.co.uk"),
        ("a.hooks.shop.com.br", "shop.com.br"),
        ("hooks.abc.io", "abc.io"),
        ("hooks.net.example", "net.example"),
    ],
)
def test_a_domain_is_what_somebody_has_registered(name: str, domain: str) -> None:
    assert domain == domain_of(name)


@pytest.mark.parametrize("name", ["localhost", "co.uk", "shop.co.uk", "shop.example"])
def test_a_name_without_a_part_in_front_is_its_own_domain(name: str) -> None:
    assert domain_of(name) == domain_of(f"{name}.") != domain_of(f"x{name}")


def test_a_domain_alone_has_an_eighth() -> None:
    assert begin_all(Domains(), ["shop.example"]) == 8


@pytest.mark.parametrize("count", [1, 4, 8, 16])
def test_few_domains_leave_something_for_the_others(count: int) -> None:
    domains = Domains()

    begin_all(domains, dead(count))

    assert domains.may_begin("shop.example", 0.0)


def test_there_are_never_more_questions_than_so_many() -> None:
    domains = Domains()

    assert begin_all(domains, dead(1000)) == 64
    assert not domains.may_begin("shop.example", 0.0)


def test_what_has_been_answered_makes_room() -> None:
    domains = Domains()
    begin_all(domains, dead(64))

    domains.end(dead(1)[0], took=0.1, now=0.0)

    assert domains.may_begin("shop.example", 0.0)


def test_domains_that_were_slow_have_a_half_however_many_they_are() -> None:
    domains = having_been_asked(dead(100), took=FOREVER)

    assert begin_all(domains, dead(100)) == 32
    assert begin_all(domains, ["shop.example"]) == 4


def test_a_question_costs_the_same_however_many_have_been_begun() -> None:
    idle, busy = (having_been_asked(dead(100), took=FOREVER) for _ in range(2))
    begin_all(busy, dead(100))

    assert calls_of_a_question(busy, "dead-99.example") == calls_of_a_question(
        idle, "dead-99.example"
    )


def test_what_is_forgiven_while_it_is_asked_makes_room_for_who_is_slow() -> None:
    domains = having_been_asked(dead(32), took=FOREVER)
    begin_all(domains, dead(32), now=4 * A_MINUTE)
    domains.begin("late.example")
    domains.end("late.example", took=FOREVER, now=4 * A_MINUTE)

    assert not domains.may_begin("late.example", 4 * A_MINUTE)
    assert domains.may_begin("late.example", 6 * A_MINUTE)

    for name in dead(32):
        domains.end(name, took=FOREVER, now=6 * A_MINUTE)

    assert begin_all(domains, [*dead(32), "late.example"], now=7 * A_MINUTE) == 32


def test_domains_that_were_slow_are_still_asked_while_others_take_all_they_may() -> None:
    domains = having_been_asked(["dead.example"], took=FOREVER)

    begin_all(domains, [f"shop-{number}.example" for number in range(16)])

    assert domains.may_begin("dead.example", 0.0)


def test_a_domain_that_has_answered_quickly_since_is_slow_no_more() -> None:
    domains = having_been_asked(dead(100), took=FOREVER)

    for name in dead(100):
        domains.begin(name)
        domains.end(name, took=0.1, now=A_MINUTE)

    assert begin_all(domains, dead(100), now=A_MINUTE) == 64


def test_a_slow_answer_is_forgiven_after_five_minutes() -> None:
    domains = having_been_asked(dead(100), took=FOREVER)

    assert begin_all(domains, dead(100), now=4 * A_MINUTE) == 32
    assert begin_all(domains, dead(100), now=6 * A_MINUTE) == 64 - 32


def test_no_more_slow_domains_are_remembered_than_so_many() -> None:
    domains = having_been_asked(dead(1024 + 64), took=FOREVER)

    assert begin_all(domains, dead(64)) == 64
