"""Words for a notification without any."""

from sendwell.domain.plain_words import subject_of, text_of, title_of


def test_an_event_type_reads_as_a_title() -> None:
    assert title_of("USER_REGISTERED") == "User registered"
    assert title_of("order-shipped.v2") == "Order shipped v2"
    assert title_of("__") == "Notification"


def test_the_plain_values_of_the_data_are_told() -> None:
    text = text_of("USER_REGISTERED", {"name": "John", "link": "https://x.example", "more": [1]})

    assert text == "User registered\n\nName: John\nLink: https://x.example"


def test_without_data_the_title_is_all() -> None:
    assert text_of("ping", {}) == "Ping"


def test_a_subject_is_taken_from_the_text_or_else_from_the_event() -> None:
    assert subject_of("ping", "\n  Your code\tis 7 \nmore") == "Your code is 7"
    assert subject_of("USER_REGISTERED", None) == "User registered"
    assert subject_of("ping", "\u200b") == "Ping"
    assert subject_of("ping", "x" * 100) == "x" * 77 + "…"
