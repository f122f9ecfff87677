import pytest

from sendwell.channels.webhook import CHANNEL, flaw_in_address, normalise


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org/",
        "https://example.org:8443/in/%C3%BC?x=a@b&y=1",
        "https://hooks_1.internal/x",
        "https://example.org./",
        "http://192.0.2.1/",
        "http://[2001:db8::1]:8080/x",
        "HTTPS://EXAMPLE.org/",
        f"https://example.org/{'x' * 2028}",
    ],
)
def test_an_absolute_url_of_the_web_is_taken(url: str) -> None:
    assert flaw_in_address(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "//example.org/",
        "/path",
        "https:",
        "https://",
        "https:///path",
        "https:example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://example.org/",
        # somebody's credentials, or another host behind them
        "https://ann@example.org/",
        "https://ann:secret@example.org/",
        "https://example.org@evil.example/",
        # what readers of URLs differ about
        "https://example.org\\@evil.example/",
        "https:\\\\example.org",
        "https://example.org/a\\b",
        "https://exa mple.org/",
        " https://example.org/",
        "https://example.org/\r\nX: y",
        "https://example.org/\t",
        "https://example.org/ü",
        "https://bücher.example/",
        "https://example。org/",
        "https://%65xample.org/",
        "https://example..org/",
        "https://.example.org/",
        "https://ex<ample.org/",
        # no host or port
        "https://example.org:/",
        "https://example.org:0/",
        "https://example.org:65536/",
        "https://example.org:x/",
        "https://:443/",
        "https://[2001:db8::1",
        "https://[::ffff::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        f"https://example.org/{'x' * 2029}",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    assert flaw_in_address(url)


def test_a_password_is_refused_by_name_and_not_repeated() -> None:
    flaw = flaw_in_address("https://ann:secret@example.org/")

    assert flaw is not None
    assert "without a user name or password" in flaw
    assert "secret" not in flaw


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://EXAMPLE.org/Path?Q=1", "https://example.org/Path?Q=1"),
        ("https://example.org/x#Fragment", "https://example.org/x"),
        ("http://[2001:DB8::1]:80", "http://[2001:db8::1]:80"),
    ],
)
def test_only_what_never_matters_is_normalised(url: str, expected: str) -> None:
    assert expected == normalise(url)


def test_an_unknown_outcome_is_sent_again_and_no_receipt_comes() -> None:
    assert CHANNEL.resends_unknown
    assert not CHANNEL.expects_receipts


def test_every_part_is_posted_and_they_have_20000_bytes_together() -> None:
    content = {"title": "t" * 5000, "text": "x" * 5000, "html": "h" * 10_000}

    assert content == CHANNEL.fit(content)
    assert not CHANNEL.flaws_in_content(content)
    assert CHANNEL.flaws_in_content(content | {"subject": "s"})
