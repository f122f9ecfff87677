import pytest

from sendwell.adapters.http.keep_alive import idle_seconds


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("timeout=5", 4),
        ("timeout=5, max=100", 4),
        ("max=100, Timeout = 7", 6),
        ("timeout=999999999", 30),
        ("max=100", 30),
        ("timeout=soon", 30),
        ("", 30),
    ],
)
def test_a_connection_is_idle_for_less_than_its_server_allows(said: str, seconds: float) -> None:
    assert idle_seconds({"keep-alive": said}, at_most=30) == seconds


@pytest.mark.parametrize("said", ["timeout=1", "timeout=0"])
def test_a_connection_that_its_server_closes_at_once_has_no_time_left(said: str) -> None:
    assert idle_seconds({"keep-alive": said}, at_most=30) <= 0


def test_without_a_word_from_the_server_our_own_limit_holds() -> None:
    assert idle_seconds({}, at_most=30) == 30
