"""Where servers are, and that their passwords stay with us."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.settings.url import Url

SCHEMES = ("sqlite", "postgresql", "kafka", "kafka+ssl", "amqp", "rediss", "http", "memory")
SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://u:hunter2@host/db", "postgresql://u:***@host/db"),
        ("postgresql://u@host/db", "postgresql://u@host/db"),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db?host=/run/postgresql"),
        ("postgresql://u:a@b:hunter2@host/db", "postgresql://u:***@host/db"),
        (
            "postgresql://h/db?sslmode=require&sslpassword=hunter2",
            "postgresql://h/db?sslmode=require&sslpassword=***",
        ),
        ("postgresql://h/db?password=a&hunter2", "postgresql://h/db?password=***&***"),
        ("rediss://:hunter2@cache:6380/0", "rediss://:***@cache:6380/0"),
        ("rediss://hunter2@cache:6380/0", "rediss://***@cache:6380/0"),
        ("kafka://one:9092,[::1]:9093", "kafka://one:9092,[::1]:9093"),
        ("kafka+ssl://u:hunter2@one,two", "kafka+ssl://u:***@one,two"),
        ("http://hunter2@host:8001", "http://***@host:8001"),
        ("sqlite:///data/odd@name.db", "sqlite:///data/odd@name.db"),
        ("memory://", "memory:"),
        ("Postgres://u:hunter2@host/db", "postgresql://u:***@host/db"),
    ],
)
def test_people_see_everything_but_the_password(text: str, masked: str) -> None:
    url = Url.parse(text, SCHEMES)

    assert (masked, f"Url('{masked}')") == (str(url), repr(url))


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "hunter2://host",
        "mysql://u:hunter2@host/db",
        "amqp://u:x/hunter2@host",
        "amqp://u:x?hunter2@host",
        "amqp://u:x#hunter2@host",
        "amqp://u:hunter2@",
        "amqp://u:hunter2@host:0",
        "amqp://u:hunter2@host:65536",
        "amqp://u:hunter2@host:port",
        "amqp://u:hunter2@[::1",
        "amqp://u:hunter2@host,",
        "amqp://u:hunter2@ho\nst",
        "amqp://u:hunter2\0@host",
        "sqlite://u:hunter2@host/file",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
    ],
)
def test_what_is_no_url_of_ours_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        Url.parse(text, SCHEMES)

    assert SECRET not in str(refused.value)


def test_who_writes_the_wrong_scheme_is_told_the_right_ones_and_what_they_need() -> None:
    with pytest.raises(Invalid, match="redis:// has no place here") as refused:
        Url.parse("redis://host", ["sqlite", "amqps"])

    assert "sqlite:///path/to/file.db" in refused.value.message
    assert (
        'amqps://user:password@host:5672/ (in the cloned folder: pip install -e ".[rabbitmq]")'
        in refused.value.message
    )


@given(
    scheme=st.sampled_from([*SCHEMES, "redis", "mysql"]),
    before=st.text("ab@:/?#%&=[], \n\0é", max_size=6),
    behind=st.text("ab@:/?#%&=[], \n\0é", max_size=6),
    host=st.sampled_from(["host", "host:1", "one:1,two:2", "[::1]:9", "", "?", "host:x"]),
    rest=st.sampled_from(["", "/db", "/db?sslmode=require", "?x", "#y", "/a@b"]),
)
def test_a_password_is_never_shown_whatever_is_in_it(
    *, scheme: str, before: str, behind: str, host: str, rest: str
) -> None:
    text = f"{scheme}://user:{before}{SECRET}{behind}@{host}{rest}"

    try:
        told = repr(Url.parse(text, SCHEMES))
    except Invalid as error:
        told = error.message

    assert SECRET not in told


@given(st.text())
def test_any_text_is_a_url_or_invalid(text: str) -> None:
    try:
        url = Url.parse(text, SCHEMES)
    except Invalid:
        return

    assert url.scheme in SCHEMES
    assert url == Url.parse(url.text, SCHEMES)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(Path))
def test_a_database_in_a_file_is_found_again(file: Path) -> None:
    url = Url.of_file(file)

    assert (file, "sqlite") == (url.file, url.scheme)


def test_a_file_is_from_here_with_three_slashes_and_from_the_root_with_four() -> None:
    files = [Url(text).file for text in ("sqlite:///a/b.db", "sqlite:////a/b.db", "amqp://a")]

    assert [Path("a/b.db"), Path("/a/b.db"), None] == files


@pytest.mark.parametrize(
    ("text", "is_here"),
    [
        ("http://127.0.0.1:8001", True),
        ("http://localhost", True),
        ("http://[::1]:8001", True),
        ("http://users.internal:8001", False),
        ("http://0.0.0.0:8001", False),
        ("kafka://127.0.0.1:1,10.0.0.1:1", False),
        ("postgresql:///db", False),
        ("memory:", False),
    ],
)
def test_loopback_is_this_machine_only(text: str, *, is_here: bool) -> None:
    assert is_here == Url(text).is_loopback
