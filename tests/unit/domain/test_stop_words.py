"""What people mean who answer a text message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.stop_words import Meaning, meaning

REVOKED = [
    "stop", "STOP", "Stop.", " stop \n", "STOP!!!", '"stop"', "S T O P", "s.t.o.p", "stop stop",
    "quit", "END", "revoke", "Revoke please", "opt out", "OPT-OUT", "optout", "Opt me out",
    "I want to opt out", "cancel", "Cancel now", "unsubscribe", "UNSUBSCRIBE ALL", "stopall",
    "STOP ALL", "STOP PLEASE", "please stop", "please stop texting me", "pls stop sending me msgs",
    "can you stop texting me?", "STOP. Who is this?", "I said STOP texting me!",
    "stop these messages", "Unsubscribe me from this list", "how do I unsubscribe",
    "don't text me again", "Don't text me. STOP", "dont text me stop",
    "do not contact me", "do not ever message me", "never call me again", "no more texts",
    "No, please stop!", "quit texting this number", "remove me", "take me off your list",
    "leave me alone", "ALTO", "parar", "Por favor, alto", "no me envien mensajes",
    "deje de enviar mensajes", "ARRÊT", "arret", "Stopp", "stop 🛑", "🛑", "🙏 stop 🙏",
    "\uff33\uff34\uff2f\uff30", "st\u200bop", "stop\N{VARIATION SELECTOR-16}",
]  # fmt: skip
LEFT = [
    "don't stop", "Don’t stop!", "dont stop", "do not stop", "please don't ever stop",
    "never stop", "don't stop texting me", "I did not unsubscribe", "don't cancel", "no",
    "thanks", "ok", "", " ", "👍", "on my way", "What time?", "yes please", "start the car",
    "stopwatch", "weekend", "endless", "quite good", "please", "please send me more",
]  # fmt: skip
DOUBTED = [
    "why did you stop?", "the bus stop on Main Street", "cancel my appointment",
    "can you cancel my order", "the end of the day", "I quit my job", "cancel it", "no stop",
    "spam", "I never gave consent", "para", "🚫", "✋", "stop or start",
]  # fmt: skip
RESUMED = ["start", "START", "Start!", "yes", "YES.", "unstop", "  UnStop 👍"]
HELPED = ["help", "HELP!", "help please", "info", "Info", "ayuda"]
CORPUS = [
    *((text, Meaning.REVOKE) for text in REVOKED),
    *((text, Meaning.NOTHING) for text in LEFT),
    *((text, Meaning.DOUBTFUL) for text in DOUBTED),
    *((text, Meaning.RESUME) for text in RESUMED),
    *((text, Meaning.HELP) for text in HELPED),
]
WORDS = st.sampled_from(
    ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "stopall", "alto"]
)
DECORATION = st.text(st.sampled_from(" .,!?*-_\"'()\n\t🙏👍😡"), max_size=6)


@pytest.mark.parametrize(("text", "meant"), CORPUS, ids=[repr(text) for text, _ in CORPUS])
def test_a_message_means_what_a_person_would_take_it_for(text: str, meant: Meaning) -> None:
    assert meaning(text) is meant


@given(WORDS, DECORATION, DECORATION, st.data())
def test_a_word_of_the_law_counts_in_any_case_and_decoration(
    word: str, before: str, after: str, data: st.DataObject
) -> None:
    cases = data.draw(st.lists(st.booleans(), min_size=len(word), max_size=len(word)))
    written = "".join(c.upper() if up else c for c, up in zip(word, cases, strict=True))

    assert meaning(f"{before}{written}{after}") is Meaning.REVOKE


@given(WORDS, st.sampled_from(["don't", "Don’t", "do not", "never", "please don't"]), DECORATION)
def test_who_says_not_to_stop_is_never_stopped(word: str, no: str, after: str) -> None:
    assert meaning(f"{no} {word}{after}") is not Meaning.REVOKE


@given(st.text())
def test_whatever_is_written_has_a_meaning_and_only_a_clear_word_resumes(text: str) -> None:
    found = meaning(text)

    letters = "".join(character for character in text.casefold() if character.isalnum())
    assert found is not Meaning.RESUME or letters in {"start", "yes", "unstop"}


@given(st.text(max_size=40))
def test_letter_case_makes_no_difference(text: str) -> None:
    plain = "".join(character for character in text if character.isascii())

    assert meaning(plain.lower()) is meaning(plain.upper())
