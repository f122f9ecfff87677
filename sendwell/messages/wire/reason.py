"""Why a message cannot be taken: the closed set of reasons of the quarantine."""

from enum import StrEnum


class Reason(StrEnum):
    """To filter and count by. `hint` says what to do about it."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    MALFORMED_JSON = "malformed_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    REPEATED_FIELD = "repeated_field"
    UNKNOWN_VERSION = "unknown_version"
    MISSING_FIELD = "missing_field"
    INVALID_FIELD = "invalid_field"
    INVALID_HEADER = "invalid_header"
    UNKNOWN_CHANNEL = "unknown_channel"
    MISSING_ORGANIZATION = "missing_organization"
    UNKNOWN_ORGANIZATION = "unknown_organization"
    CONTRADICTORY_ORGANIZATION = "contradictory_organization"
    CONTRADICTION = "contradiction"
    TOO_OLD = "too_old"
    UNPROVEN = "unproven"
    KEY_REUSED = "key_reused"
    REFUSED = "refused"
    NOT_PUBLISHED = "not_published"
    DOUBTFUL_REPLY = "doubtful_reply"

    @property
    def hint(self) -> str:
        """What it means and what to do, for a person."""
        return _HINTS[self]


_HINTS = {
    Reason.TOO_LARGE: "The message has more bytes than a notification may have. Send less.",
    Reason.NOT_UTF8: "The message is not UTF-8 (RFC 8259 section 8.1). Correct the producer.",
    Reason.MALFORMED_JSON: "The message is not JSON, or not whole. Correct the producer.",
    Reason.TOO_DEEP: "The JSON is nested deeper than 32 levels. Flatten it.",
    Reason.NOT_AN_OBJECT: "The message is JSON, but no object. Send one object a message.",
    Reason.REPEATED_FIELD: "An object has a field twice, and readers would differ. Name it once.",
    Reason.UNKNOWN_VERSION: "Its schema has a major version that this Sendwell does not know.",
    Reason.MISSING_FIELD: "A field is missing that cannot be left out.",
    Reason.INVALID_FIELD: "A field has a value that makes no sense there.",
    Reason.INVALID_HEADER: "A header is no plain text, or is there twice.",
    Reason.UNKNOWN_CHANNEL: "It asks for a channel that there is not, or that is not enabled.",
    Reason.MISSING_ORGANIZATION: "Neither message nor header nor token name an organization.",
    Reason.UNKNOWN_ORGANIZATION: "There is no such organization here. Create it, then take it in.",
    Reason.CONTRADICTORY_ORGANIZATION: (
        "Message, header and token name different organizations. Nobody can say whose it is."
    ),
    Reason.CONTRADICTION: "Two places of the message, or message and stream, disagree.",
    Reason.TOO_OLD: (
        "It lay on the broker for longer than duplicates are remembered"
        " (IDEMPOTENCY_WINDOW_HOURS): it may have been sent already. Look before you take it in."
    ),
    Reason.UNPROVEN: "It claims to be from Sendwell or an organization, and the proof is wrong.",
    Reason.KEY_REUSED: "Its idempotency key belongs to another request. Use a new key.",
    Reason.REFUSED: "It was read, and then refused; the text says why.",
    Reason.NOT_PUBLISHED: (
        "Sendwell wrote it, and the broker takes none like it, as a rule for its size. What it was"
        " to hand on is a dead letter now. Let the broker take more, then replay that."
    ),
    Reason.DOUBTFUL_REPLY: (
        "Somebody answered in words that may mean stop. Read it, and suppress the address if so."
    ),
}
