import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.http.target import Origin, locate
from sendwell.domain.errors import Invalid


@pytest.mark.parametrize(
    ("url", "origin", "line"),
    [
        ("http://a.example", ("http", "a.example", 80), "/ | a.example"),
        ("https://a.example/", ("https", "a.example", 443), "/ | a.example"),
        ("HTTPS://A.Example:8443/Path", ("https", "a.example", 8443), "/Path | a.example:8443"),
        ("http://a.example:80/x", ("http", "a.example", 80), "/x | a.example"),
        ("http://a.example:/x", ("http", "a.example", 80), "/x | a.example"),
        ("http://a.example?q=1", ("http", "a.example", 80), "/?q=1 | a.example"),
        ("http://a.example/p?q=a/b?c#f", ("http", "a.example", 80), "/p?q=a/b?c | a.example"),
        ("http://a.example#f", ("http", "a.example", 80), "/ | a.example"),
        ("http://a_b.example./", ("http", "a_b.example.", 80), "/ | a_b.example."),
        ("http://[::1]:8080/", ("http", "::1", 8080), "/ | [::1]:8080"),
        ("http://[2001:DB8:0::1]/", ("http", "2001:db8::1", 80), "/ | [2001:db8::1]"),
        ("http://[::ffff:1.2.3.4]/", ("http", "::ffff:102:304", 80), "/ | [::ffff:102:304]"),
        ("http://bücher.de/", ("http", "xn--bcher-kva.de", 80), "/ | xn--bcher-kva.de"),
        ("http://straße.de/", ("http", "xn--strae-oqa.de", 80), "/ | xn--strae-oqa.de"),
    ],
)  # fmt: skip
def test_a_url_is_taken_apart(url: str, origin: tuple[str, str, int], line: str) -> None:
    target = locate(url)

    path, authority = line.split(" | ")
    assert target.origin == Origin(*origin)
    assert target.preamble.startswith(f"{path} HTTP/1.1\r\nhost: {authority}\r\n")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example/path",
        "//a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "javascript:alert(1)",
        "http:/a.example/",
        "http:///path",
        "http://",
        "http://:80/",
        "http://user@a.example/",
        "http://user:password@a.example/",
        "http://a.example\\@b.example/",
        "http://a.example\\.b.example/",
        "http://a.example%2eb.example/",
        "http://a.example:port/",
        "http://a.example:0/",
        "http://a.example:65536/",
        "http://a.example:8٠/",
        "http://a..example/",
        "http://.example/",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 127}example/",
        "http://[::1/",
        "http://::1/",
        "http://[::1]x/",
        "http://x[::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[1.2.3.4]/",
        "http://a.example/ü",
        "http://a.example/?q=→",
        "http://bü\u200dcher.example/",
        "http://a。example/",
        "http://a.example/" + "x" * 9000,
    ],
)
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="The URL "):
        locate(url)


@given(st.characters(max_codepoint=0x20) | st.just("\x7f"), st.integers(0, 25))
def test_no_url_with_a_space_or_a_control_character_passes(character: str, place: int) -> None:
    url = "https://a.example/path?q=1"

    with pytest.raises(Invalid):
        locate(url[:place] + character + url[place:])


@given(st.text(max_size=40))
def test_whatever_the_host_says_it_becomes_ascii_or_is_refused(host: str) -> None:
    try:
        target = locate(f"http://{host}/")
    except Invalid:
        return

    assert target.origin.host.isascii()
    assert target.preamble.isascii()
    assert target.preamble.count("\r\n") == 3


@given(st.text(max_size=200))
def test_no_text_does_more_harm_than_being_refused(text: str) -> None:
    try:
        locate(text)
    except Invalid as flaw:
        assert flaw.message.startswith("The URL ")  # noqa: PT017 - being no URL is no failure
