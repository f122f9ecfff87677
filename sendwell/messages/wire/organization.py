"""Whose a message is: message, header and token may say it, and must not contradict each other."""

from collections.abc import Iterator, Mapping

from sendwell.domain.ids import TenantId
from sendwell.messages.wire import headers
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal

FIELDS = ("organizationId", "organization_id", "tenantId", "tenant_id")
"""What producers may call it in the message, whatever the preset."""
_LONGEST = 255


def organization_of(
    message: Mapping[str, object],
    told: headers.Told,
    *,
    proven: TenantId | None,
    otherwise: TenantId | None,
) -> TenantId:
    """The one organization that is named.

    `proven` is what a verified token says, `otherwise` whose a message is that names none. Raises
    Invalid when two places name different ones, or none does and there is no other.
    """
    said = {*_in_message(message), *told.every(headers.ORGANIZATION)}
    if proven is not None:
        said.add(proven)
    if len(said) > 1:
        why = "Message, headers and token name different organizations."
        raise refusal(Reason.CONTRADICTORY_ORGANIZATION, why)
    name = next(iter(said), otherwise)
    if name is None:
        why = "Neither message nor headers nor token name an organization."
        raise refusal(Reason.MISSING_ORGANIZATION, why)
    return TenantId(name)


def _in_message(message: Mapping[str, object]) -> Iterator[str]:
    for field in FIELDS:
        name = message.get(field)
        if name is None:
            continue
        if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST or not name.isprintable():
            why = f"/{field} must be text of 1 to {_LONGEST} characters on one line."
            raise refusal(Reason.INVALID_FIELD, why, f"/{field}")
        yield name
