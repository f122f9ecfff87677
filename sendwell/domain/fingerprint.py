"""What stands for an address, or for a person, where they themselves must not stand."""

from functools import lru_cache
from hashlib import blake2b

from sendwell.domain.ids import ChannelName, TenantId, UserId

_EMAIL = ChannelName("email")
_PERSON = ChannelName("person")
_NOBODY = TenantId("")


def fingerprint(tenant: TenantId, channel: ChannelName, address: str) -> bytes:
    """128 bits that are the same for the same address of a tenant's channel.

    The letter case of an e-mail address does not count, for hosts that tell `Bob` from `bob` are
    rarer than vendors that report a bounce in other letters than we sent. The key keeps equal
    addresses of two tenants apart; it is no secret that would keep phone numbers from being tried.
    """
    same = address.lower() if channel == _EMAIL else address
    text = f"{channel}\0{same}".encode(errors="replace")
    return blake2b(text, digest_size=16, key=_key(tenant)).digest()


def mark_of(channel: ChannelName, address: str) -> bytes:
    """Of an address before its tenant is known, as at a webhook; never equal to `fingerprint`."""
    return fingerprint(_NOBODY, channel, address)


def print_of(tenant: TenantId, user: UserId) -> bytes:
    """The fingerprint of a person's id: what their tombstone keeps."""
    return fingerprint(tenant, _PERSON, user)


def pseudonym(tenant: TenantId, user: UserId) -> str:
    """What stands for a person where nothing can be erased: the same for the same id."""
    return print_of(tenant, user).hex()


@lru_cache(maxsize=1024)
def _key(tenant: TenantId) -> bytes:
    return blake2b(tenant.encode(errors="replace"), digest_size=32).digest()
