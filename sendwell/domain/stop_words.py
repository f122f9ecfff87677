"""What somebody means who answers a text message: stop, go on, help, or something else.

The words are those of the FCC (47 CFR 64.1200(a)(10), in force since 2025-04-11: stop, quit, end,
revoke, opt out, cancel, unsubscribe, or any other reasonable means) and of the CTIA (STOPALL;
START, YES, UNSTOP; HELP, INFO), with the Spanish, German and French ones that carriers know. To
miss a wish to stop is worse than to ask about one; to take up again takes a clear word.
"""

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum


class Meaning(StrEnum):
    """What is wanted."""

    REVOKE = "revoke"
    RESUME = "resume"
    HELP = "help"
    DOUBTFUL = "doubtful"
    """A person must read it: it may be a wish to stop."""
    NOTHING = "nothing"


def _either(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LONGEST = 2_000
_CLEAR = _either("stop stopall stopp unsubscribe optout arret alto parar pare baja detener")
"""Stop what? Messages, whatever polite words stand around it."""
_BRIEF = _either("quit end revoke cancel cancelar basta")
"""What can be about other things: they count alone, with a courtesy at most."""
_COURTESY = _either(
    "please pls plz kindly now immediately right away thanks thank you thx ok okay hi hello hey"
    " all just por favor ya gracias bitte danke merci"
)
_OBJECTS = _either(
    "me my us this these the any more it to from of for text texts texting message messages"
    " messaging msg msgs sms send sending contact contacting call calling spam spamming bothering"
    " ads alerts promotions notifications number u can could would will mensajes de los"
)
_RESUME = frozenset({"start", "yes", "unstop"})
_HELP = frozenset({"help", "info", "ayuda", "hilfe", "aide"})
_ALARMING = _either(
    "stops stopped stopping unsubscribed cancelled para consent harassment harassing spam lawyer"
    " remove sue"
)
_STOP_SIGN = "\N{OCTAGONAL SIGN}"
_OTHER_SIGNS = "\N{NO ENTRY}\N{NO ENTRY SIGN}\N{RAISED HAND}"

_APOSTROPHES = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}`\N{ACUTE ACCENT}]")
_NO_WORD = re.compile(r"[\W_]+")
_ENDS = re.compile(r"[.!?;\n]+")
_OPT_OUT = re.compile(r"\bopt(?:ing)?(?: me)? out\b")
_WRITING = r"(?:text|message|messag|msg|sms|contact|call|writ|send|spam|bother)\w*"
_NEGATED = re.compile(
    rf"\b(?:dont|didnt|wont|cant|not|never|nunca)(?: (?!{_WRITING})\w+){{0,2}}?"
    rf" (?:stop|unsubscribe|quit|cancel|end|optout|alto|parar)\w*(?: {_WRITING})?"
)
_PHRASES = re.compile(
    "|".join(
        (
            rf"\b(?:stop|quit|cease)(?: \w+){{0,2}} {_WRITING}",
            r"\b(?:unsubscribe|optout|stopall)\b",
            r"\b(?:remove|delete) (?:me|my number)\b|\btake me off\b|\bleave me alone\b",
            rf"\b(?:dont|do not|never)(?: ever)? {_WRITING}(?: \w+){{0,2}} (?:me|again|anymore)\b",
            rf"\b(?:dont|do not|never)(?: ever)? {_WRITING} (?:me|us|again|anymore)\b",
            rf"\bno more {_WRITING}|\bplease stop\b",
            r"\bno (?:me )?(?:envien|manden|escriban|molesten)\b",
            r"\bdejen? de (?:enviar|mandar|escribir)",
        )
    )
)


def meaning(text: str) -> Meaning:
    """What a message means that somebody sent back. Letter case, accents, punctuation, emoji and
    courtesies do not count.
    """
    text = text[:_LONGEST]
    words = _words(text)
    if not words:
        return _of_signs(text)
    if words[0] in _RESUME and len(words) == 1:
        return Meaning.RESUME
    if _says(words, _HELP, around=_COURTESY):
        return Meaning.HELP
    if _is_revoked(words):
        return Meaning.REVOKE
    sentences = [own for each in _ENDS.split(text) if (own := _words(each))]
    found = {_of_sentence(sentence) for sentence in sentences}
    return next(each for each in _WORST_FIRST if each in found)


_WORST_FIRST = (Meaning.REVOKE, Meaning.DOUBTFUL, Meaning.NOTHING)


def _of_signs(text: str) -> Meaning:
    if _STOP_SIGN in text:
        return Meaning.REVOKE
    return Meaning.DOUBTFUL if any(sign in text for sign in _OTHER_SIGNS) else Meaning.NOTHING


def _of_sentence(words: Sequence[str]) -> Meaning:
    if _is_revoked(words):
        return Meaning.REVOKE
    without = _NEGATED.sub(" ", " ".join(words))
    if _PHRASES.search(without):
        return Meaning.REVOKE
    left = set(without.split())
    return Meaning.DOUBTFUL if left & (_CLEAR | _BRIEF | _ALARMING) else Meaning.NOTHING


def _is_revoked(words: Sequence[str]) -> bool:
    return _says(words, _BRIEF | _CLEAR, around=_COURTESY) or _says(
        words, _CLEAR, around=_COURTESY | _OBJECTS
    )


def _says(words: Sequence[str], wanted: frozenset[str], *, around: frozenset[str]) -> bool:
    """Whether it is one of these words, perhaps several times, and otherwise only what goes round
    them.
    """
    left = [word for word in words if word not in around]
    return bool(left) and wanted.issuperset(left)


def _words(text: str) -> list[str]:
    """The words in small letters without accents; letters that stand apart are one word."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(each for each in plain if unicodedata.category(each) not in {"Mn", "Cf", "Me"})
    spaced = _NO_WORD.sub(" ", _APOSTROPHES.sub("", bare)).strip()
    words = _OPT_OUT.sub("optout", spaced).split()
    if len(words) > 1 and all(len(word) == 1 for word in words):
        return ["".join(words)]
    return words
