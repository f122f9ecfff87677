"""People's addresses in the one form in which they are stored, or why they are none.

Our own rules for channels come first: they are stricter about what providers and relays understand.
The libraries add what changes from country to country and from script to script. They are imported
when the first address comes, for a process may never see one.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName

if TYPE_CHECKING:
    from phonenumbers import NumberParseException, PhoneNumber

_EMAIL, _SMS = ChannelName("email"), ChannelName("sms")
_WRITTEN = re.compile(r"\+?[0-9 ()/.\u00a0-]{2,32}")
_INTERNATIONAL = "xn--"
_NOWHERE = "001"
"""The region of numbers that belong to no country."""


class NoAddress(ValueError):
    """It is no address, for the reason that stands here for people; never the address itself."""


def normal_email(address: str) -> str:
    """The address with its domain in lower case and ASCII. Nobody is asked whether it exists.

    Raises NoAddress.
    """
    rules = all_channels()[_EMAIL]
    if why := rules.flaw_in_address(address):
        raise NoAddress(why)
    normal = rules.normalise(address)
    if _INTERNATIONAL in normal:  # of all others our rule knows as much, in 2 instead of 150 us
        _check_international(normal)
    return normal


def normal_phone(number: str, country: str | None) -> str:
    """The number as E.164. One without a leading + is read as it is dialled in that country
    (ISO 3166), and refused where none is given.

    What has a right length for its country passes: numbers are handed out faster than any list of
    them is told. Raises NoAddress.
    """
    if _WRITTEN.fullmatch(number) is None:
        raise NoAddress("A phone number has digits, spaces and ( ) / . - only, like +436641234567.")
    if country is None and not number.startswith("+"):
        raise NoAddress(
            "Write the phone number with + and the country code, like +436641234567, or say which"
            " country it is dialled in."
        )
    import phonenumbers as phones

    try:
        read = phones.parse(number, country)
    except phones.NumberParseException as error:
        raise NoAddress(_why_unread(error, country)) from error
    if why := _why_impossible(read):
        raise NoAddress(why)
    normal = phones.format_number(read, phones.PhoneNumberFormat.E164)
    if why := all_channels()[_SMS].flaw_in_address(normal):
        raise NoAddress(why)
    return normal


def _check_international(address: str) -> None:
    """Whether the name in another script can be one; names for special use pass (RFC 6761)."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

    domain = address.rpartition("@")[2]
    if any(domain.endswith(f".{name}") for name in SPECIAL_USE_DOMAIN_NAMES):
        return
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise NoAddress(str(error)) from error


def _why_unread(error: "NumberParseException", country: str | None) -> str:
    if error.error_type != error.INVALID_COUNTRY_CODE:
        return "It is too short to be a phone number."
    if country is None:
        return "There is no country whose code begins like this."
    return f"There is no country {country}."


def _why_impossible(number: "PhoneNumber") -> str | None:
    import phonenumbers as phones

    result = phones.ValidationResult
    match phones.is_possible_number_with_reason(number):
        case result.IS_POSSIBLE | result.IS_POSSIBLE_LOCAL_ONLY:
            return None
        case result.TOO_SHORT:
            how = "is too short"
        case result.TOO_LONG:
            how = "is too long"
        case _:
            how = "has a number of digits that is not used"
    return f"The phone number {how} for {_country_of(number.country_code)}."


@cache
def _country_of(code: int) -> str:
    from babel import Locale
    from phonenumbers import region_code_for_country_code

    region = region_code_for_country_code(code)
    if region == _NOWHERE:
        return f"numbers with +{code}"
    return str(Locale("en").territories.get(region, region))
