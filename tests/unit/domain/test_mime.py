"""The MIME writer against the standard library's parser, which knows nothing of it."""

import email.policy
import re
from base64 import b64decode
from binascii import crc32
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.mime import Mail, Mailbox, write

NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


def a_mail(**changes: Any) -> Mail:
    given: dict[str, Any] = {
        "sender": "Acme <no-reply@acme.example>",
        "to": "zoe@example.org",
        "subject": "Hello",
        "message_id": "<n1.0.email@acme.example>",
        "date": NOON,
        "text": "Hello Zoe",
    }
    return Mail(**given | changes)


def parsed(mail: Mail) -> EmailMessage:
    return email.message_from_bytes(write(mail), policy=email.policy.default)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    content: str = found.get_content()
    return content


def as_stored(text: str) -> str:
    """What a text is after the journey: LF line ends, the last line ended."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def flaw_of(mail: Mail) -> str:
    with pytest.raises(Invalid) as caught:
        write(mail)
    return caught.value.flaws[0].pointer


def as_lines(written: bytes) -> list[bytes]:
    """The lines without their CRLF; fails when a line ends in anything else."""
    assert written.endswith(b"\r\n")
    lines = written[:-2].split(b"\r\n")
    assert not [line for line in lines if b"\r" in line or b"\n" in line or b"\0" in line]
    return lines


# Words of any script, with what trips mailers up: line ends, dots, boundaries, encoded words.
TROUBLE = st.sampled_from(
    [
        "\r\n", "\n", "\r", ".", "\n.\n", "From ", "\nFrom ", " ", "\t", "=", "=?utf-8?q?x?=", "--",
        "=_", f"--=_{crc32(b'<n1.0.email@acme.example>'):08x}", "\0", "x" * 1200, "é" * 90,
        "🙂" * 40,
    ]
)  # fmt: skip
BODIES = st.lists(st.text() | TROUBLE, max_size=8).map("".join)
ONE_LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\x7f"]),
    max_size=300,
)
FOLDED = st.sampled_from(
    ["=?utf-8?q?x?=", " ", " " * 100, "a b " * 40, "x" * 90, "é" * 90, "x" + "é" * 90, "🙂" * 40]
)
HEADER_TEXT = ONE_LINE | st.lists(ONE_LINE | FOLDED, max_size=4).map("".join)
CONTROLS = st.sampled_from([*map(chr, range(32)), "\x7f", "\r\n"])


@given(text=BODIES, html=BODIES)
def test_text_and_html_come_back_as_they_were(text: str, html: str) -> None:
    message = parsed(a_mail(text=text, html=html))

    assert message.get_content_type() == "multipart/alternative"
    assert as_stored(text) == as_stored(part(message, "plain"))
    assert as_stored(html) == as_stored(part(message, "html"))
    assert not message.defects


@given(text=BODIES)
def test_a_single_part_comes_back_as_it_was(text: str) -> None:
    plain, rich = parsed(a_mail(text=text)), parsed(a_mail(text=None, html=text))

    assert plain.get_content_type() == "text/plain"
    assert rich.get_content_type() == "text/html"
    assert as_stored(text) == as_stored(part(plain, "plain"))
    assert as_stored(text) == as_stored(part(rich, "html"))


@given(subject=HEADER_TEXT)
def test_any_subject_comes_back_as_it_was(subject: str) -> None:
    message = parsed(a_mail(subject=subject))

    assert subject == message["subject"]
    assert message["from"] == "Acme <no-reply@acme.example>"


@given(name=HEADER_TEXT)
def test_any_display_name_comes_back_as_it_was(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')

    written = write(a_mail(sender=f'"{quoted}" <no-reply@acme.example>'))

    phrase, address = parseaddr(email.message_from_bytes(written)["from"])
    assert name.strip(" ") == str(make_header(decode_header(phrase)))
    assert address == "no-reply@acme.example"


@given(local=st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", fullmatch=True))
def test_an_address_is_one_recipient_or_refused(local: str) -> None:
    address = f"{local}@example.org"

    try:
        message = parsed(a_mail(to=address))
    except Invalid:
        assert local.startswith(".") or local.endswith(".") or ".." in local
    else:
        assert (Address(addr_spec=address),) == message["to"].addresses


@given(words=st.tuples(HEADER_TEXT, HEADER_TEXT, HEADER_TEXT), bodies=st.tuples(BODIES, BODIES))
def test_every_line_ends_in_crlf_and_is_short_enough(
    words: tuple[str, str, str], bodies: tuple[str, str]
) -> None:
    subject, name, value = words
    text, html = bodies
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    mail = a_mail(
        subject=subject, to=f'"{quoted}" <zoe@example.org>', text=text, html=html,
        headers={"X-Campaign": value},
    )  # fmt: skip

    written = write(mail)

    assert written.isascii()
    lines = as_lines(written)
    assert max(map(len, lines)) <= 998
    assert all(len(line) <= 76 for line in lines if b"=?utf-8?B?" in line)
    assert max(map(len, re.findall(rb"=\?utf-8\?B\?[^ ?]*\?=", written)), default=0) <= 75


@given(st.integers(0, 40), st.integers(1, 300))
def test_a_long_plain_subject_is_folded_between_words(spaces: int, length: int) -> None:
    subject = " ".join(["x" * length] * (spaces + 1))

    head, _, _ = write(a_mail(subject=subject)).partition(b"Message-ID")

    for line in head.split(b"Subject", 1)[1].split(b"\r\n")[1:]:
        assert len(line) <= 78 or line.count(b" ") <= 1
    assert parsed(a_mail(subject=subject))["subject"] == subject


@pytest.mark.parametrize("subject", ["a" + " " * 200 + "b", " a", "a ", "=?utf-8?q?x?=", ""])
def test_a_subject_that_would_change_on_the_way_is_encoded(subject: str) -> None:
    written = write(a_mail(subject=subject))

    assert not [line for line in as_lines(written) if line.isspace()]
    assert parsed(a_mail(subject=subject))["subject"] == subject


@given(subject=HEADER_TEXT)
def test_every_encoded_word_holds_whole_characters(subject: str) -> None:
    written = write(a_mail(subject=subject))

    for word in re.findall(rb"=\?utf-8\?B\?([^ ?]*)\?=", written):
        assert b64decode(word).decode("utf-8")


def test_a_long_display_name_is_folded() -> None:
    written = write(a_mail(sender="Every Name We Ever Had " * 9 + "<no-reply@acme.example>"))

    assert max(map(len, as_lines(written))) <= 78


def test_a_subject_without_a_place_to_fold_is_encoded() -> None:
    subject = "x" * 2000

    written = write(a_mail(subject=subject))

    assert max(map(len, as_lines(written))) <= 78
    assert parsed(a_mail(subject=subject))["subject"] == subject


@pytest.mark.parametrize("field", ["sender", "to", "subject", "message_id", "reply_to"])
@given(wrong=st.builds("{}{}{}".format, st.text("ab"), CONTROLS, st.text("ab")))
def test_a_control_character_in_a_header_is_refused(field: str, wrong: str) -> None:
    values = {"sender": f"{wrong} <a@b.example>", "to": f"a@b.example{wrong}"}

    pointer = flaw_of(a_mail(**{field: values.get(field, wrong)}))

    assert pointer == f"/{field}"


@given(control=CONTROLS)
def test_a_control_character_in_an_extra_header_is_refused(control: str) -> None:
    assert flaw_of(a_mail(headers={"X-A": f"a{control}b"})) == "/headers/X-A"
    assert flaw_of(a_mail(headers={f"X-A{control}": "a"})).startswith("/headers/X-A")


@pytest.mark.parametrize(
    "field", ["subject", "text", "html", "sender", "to", "reply_to", "message_id"]
)
def test_half_a_character_is_refused(field: str) -> None:
    assert flaw_of(a_mail(**{field: "\ud83d <a@b.example>"})) == f"/{field}"


@pytest.mark.parametrize("name", ["", "X A", "X:A", "Ünicode", "x" * 51])
def test_a_header_name_must_be_one(name: str) -> None:
    assert flaw_of(a_mail(headers={name: "a"})) == f"/headers/{name}"


@pytest.mark.parametrize("name", ["To", "bcc", "SUBJECT", "Content-Type", "Message-Id"])
def test_extra_headers_cannot_say_again_what_the_mail_says(name: str) -> None:
    assert flaw_of(a_mail(headers={name: "a"})) == f"/headers/{name}"


def test_pointers_to_odd_header_names_are_escaped() -> None:
    assert flaw_of(a_mail(headers={"X/A~B": "\n"})) == "/headers/X~1A~0B"


def test_an_extra_header_keeps_its_grammar() -> None:
    url = f"<https://acme.example/{'u' * 800}>, <mailto:u@acme.example>"

    message = parsed(
        a_mail(headers={"List-Unsubscribe": url.replace(" ", "   "), "X-Long-" + "n" * 43: "é"})
    )

    assert message["List-Unsubscribe"] == url
    assert message["X-Long-" + "n" * 43] == "é"
    assert flaw_of(a_mail(headers={"List-Unsubscribe": "u" * 1000})).startswith("/headers")


@pytest.mark.parametrize(
    "wrong",
    [
        "", "zoe", "@example.org", "zoe@", "a@b, c@d", "a@b c@d", "<a@b> <c@d>", "x <a@b> y",
        "a@b>", "<a@b", "zoë@example.org", '"quoted local"@example.org', "zoe@[127.0.0.1]",
        "zoe@example..org", "zoe@-example.org", "zoe@example.org.", ".zoe@example.org",
        "a" * 65 + "@example.org", "a@" + "b" * 260, "a@\u2100.example", 'Zoe "the <a@b.example>',
        "zoe@\u00ad", "two@at@example.org", "zoe@ex_ample.org", "Name <>", "a@" + "é" * 255,
    ],
)  # fmt: skip
def test_anything_but_exactly_one_address_is_refused(wrong: str) -> None:
    assert flaw_of(a_mail(to=wrong)) == "/to"


def test_a_domain_beyond_ascii_is_written_as_idna() -> None:
    box = Mailbox.parse("Zoë <zoe@bücher.example>", pointer="/to")

    assert box == Mailbox("Zoë", "zoe@xn--bcher-kva.example")
    assert box.domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("to", "line"),
    [
        ("zoe@example.org", "To: zoe@example.org"),
        ("<zoe@example.org>", "To: zoe@example.org"),
        ("Zoe Q<zoe@example.org>", "To: Zoe Q <zoe@example.org>"),
        ("Zoe Q. <zoe@example.org>", 'To: "Zoe Q." <zoe@example.org>'),
        ("Q, Zoe <zoe@example.org>", 'To: "Q, Zoe" <zoe@example.org>'),
        (r'"Zoe \"Q\"" <zoe@example.org>', r'To: "Zoe \"Q\"" <zoe@example.org>'),
        ("Zoë <zoe@example.org>", "To: =?utf-8?B?Wm/Dqw==?= <zoe@example.org>"),
    ],
)
def test_display_names_are_written_as_rfc_5322_wants_them(to: str, line: str) -> None:
    assert f"\r\n{line}\r\n".encode() in write(a_mail(to=to))


def test_an_address_that_does_not_fit_goes_to_a_line_of_its_own() -> None:
    address = f"{'z' * 60}@example.org"

    written = write(a_mail(to=f"Zoe who has a name <{address}>"))

    assert f"To: Zoe who has a name\r\n <{address}>\r\n".encode() in written


def test_a_reply_address_is_written_when_there_is_one() -> None:
    message = parsed(a_mail(reply_to="Help <help@acme.example>"))

    assert message["reply-to"] == "Help <help@acme.example>"
    assert parsed(a_mail())["reply-to"] is None


@given(microseconds=st.integers(-(10**15), 10**16), hours=st.integers(-14, 14))
def test_the_date_is_the_same_second_in_utc(microseconds: int, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    date = (NOON + timedelta(microseconds=microseconds)).astimezone(zone)

    message = parsed(a_mail(date=date))

    assert date.replace(microsecond=0) == message["date"].datetime
    assert message["date"].endswith(" +0000")


def test_a_date_without_a_zone_is_refused() -> None:
    assert flaw_of(a_mail(date=NOON.replace(tzinfo=None))) == "/date"


@pytest.mark.parametrize(
    "wrong", ["", "a@b", "<a>", "<a b@c>", "<a@b><c@d>", f"<{'a' * 500}@b>", "<é@b>"]
)
def test_a_message_id_has_two_sides_in_angle_brackets(wrong: str) -> None:
    assert flaw_of(a_mail(message_id=wrong)) == "/message_id"


def test_a_mail_without_words_is_refused() -> None:
    assert flaw_of(a_mail(text=None)) == "/text"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain words", "7bit"),
        ("a few cafés", "quoted-printable"),
        ("注文は発送されました", "base64"),
        ("x" * 999, "quoted-printable"),
        ("as of\nFrom here", "quoted-printable"),
        ("nul \0", "quoted-printable"),
    ],
)
def test_the_encoding_suits_the_content(text: str, encoding: str) -> None:
    assert encoding == parsed(a_mail(text=text))["content-transfer-encoding"]


def test_a_text_that_holds_the_boundary_gets_another_one() -> None:
    boundary = parsed(a_mail(html="x")).get_boundary()

    message = parsed(a_mail(text=f"--{boundary}--", html="x"))

    assert message.get_boundary() != boundary
    assert part(message, "plain").strip() == f"--{boundary}--"


def test_the_same_mail_gives_the_same_bytes() -> None:
    assert write(a_mail(html="<p>")) == write(a_mail(html="<p>"))
