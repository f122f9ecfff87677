"""The sample: an organization, a person, templates and a first message, to look at at once.

And without the sample: an organization of its own with a key, for that is what `up` starts with.
"""

import fcntl
import os
from datetime import timedelta
from pathlib import Path

import msgspec

from sendwell.bootstrap import Roles
from sendwell.domain.environment import SAMPLE
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.roles.accounts.keys import Key, made_key, new_key, parse_key
from sendwell.roles.gateway.request import Origin
from sendwell.roles.mailbox.message import Narrowing
from sendwell.roles.users.store.people import Profile

DEFAULT = TenantId("default")
SAMPLE_KEY = made_key("Sample000000", "0nThisMachineOnlyN0tASecret")
_PERSON = UserId("user-001")
_PROFILE = Profile(
    addresses={
        ChannelName("email"): "ada@example.com",
        ChannelName("sms"): "+14155550100",
    },
    locale="en",
    timezone="Europe/Vienna",
    name="Ada Example",
)
_WELCOME_ID = "sample-welcome"
_PATIENCE = timedelta(seconds=2)
_WELCOME = {
    "id": _WELCOME_ID,
    "user_id": _PERSON,
    "event_type": "welcome",
    "channels": ["email", "in_app"],
    "template": "welcome",
    "data": {"name": "Ada", "link": "https://example.com/start"},
}


async def begin_with_sample(roles: Roles) -> Key:
    """The sample is there, with its first message; gives the key that everybody knows."""
    await roles.accounts.ensure_tenant(SAMPLE, "Sample", is_sandboxed=True)
    await roles.accounts.ensure_key(SAMPLE, SAMPLE_KEY, name="sample")
    await roles.templates.ensure_sample(SAMPLE)
    if _PERSON not in await roles.users.people(SAMPLE, [_PERSON]):
        await roles.users.put(SAMPLE, _PERSON, _PROFILE)
        await roles.users.add_token(SAMPLE, _PERSON, token="sample-push-token", platform="web")  # noqa: S106 - an address
    await roles.gateway.accept(msgspec.json.encode(_WELCOME), Origin(SAMPLE, "sample"))
    welcome = Narrowing(notification=_WELCOME_ID)
    await roles.mailbox.await_page(SAMPLE, welcome, limit=1, wait=_PATIENCE)
    return SAMPLE_KEY


async def begin_empty(roles: Roles, data: Path) -> Key:
    """An organization `default` is there; its key is made once and kept in the data folder."""
    await roles.accounts.ensure_tenant(DEFAULT, "Default", is_sandboxed=False)
    key = _kept_key(data / "api-key")
    await roles.accounts.ensure_key(DEFAULT, key, name="default")
    return key


def _kept_key(file: Path) -> Key:
    """The key in the file, readable by nobody else; a new one when there is none.

    Several processes may begin with the same folder at once: all have the key of the first.
    """
    try:
        text = (file.exists() and file.read_text().strip()) or _first_key(file)
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be used: {error.strerror}. Name a folder for it with --data."
        ) from error
    key = parse_key(text)
    if key is None:
        raise Unavailable(f"{file} does not hold an API key. Remove it to get a new one.")
    return key


def _first_key(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        text = opened.read().strip()
        if not text:
            text = new_key().text
            opened.write(f"{text}\n")
            opened.flush()
            os.fsync(opened.fileno())
    return text
