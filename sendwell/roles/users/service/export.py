"""Everything that is kept of a person, as one document that they can take with them."""

from collections.abc import AsyncIterator, Iterator, Mapping

import msgspec
import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.instant import rfc3339_or_none
from sendwell.ports.clock import Clock
from sendwell.ports.keepers import Item, Keeper, Whom
from sendwell.roles.users.store.people import PersonRecord

log = structlog.get_logger()
SCHEMA = "sendwell.person"
VERSION = 1
_PUSH = ChannelName("push")
_encode = msgspec.json.Encoder().encode


class Exports:
    """Asks every keeper in turn; what is told is handed on at once, so it may be long."""

    def __init__(self, keepers: Mapping[str, Keeper], *, clock: Clock) -> None:
        self._keepers = keepers
        self._clock = clock

    async def document(self, whom: Whom) -> AsyncIterator[bytes]:
        """JSON, piece by piece: `schema`, `version`, `items`, and who could not be asked.

        It is complete when `missing` is empty: a document that is under way cannot become an error
        any more.
        """
        head = {
            "schema": SCHEMA,
            "version": VERSION,
            "user_id": whom.user_id,
            "exported_at": rfc3339_or_none(self._clock.now()),
        }
        yield _encode(head)[:-1] + b',"items":['
        missing: list[str] = []
        between = b""
        for name, keeper in self._keepers.items():
            try:
                async for item in _told_by(keeper, whom):
                    yield between + _encode({"kind": item.kind, **item.document})
                    between = b","
            except Unavailable as error:
                log.warning("export.incomplete", keeper=name, why=error.message)
                missing.append(name)
        yield b'],"missing":' + _encode(missing) + b"}"


def whom_of(tenant: TenantId, person: PersonRecord) -> Whom:
    """The person, with every address that something may be kept under."""
    return Whom(tenant, person.user_id, tuple(_addresses(person)))


def _addresses(person: PersonRecord) -> Iterator[tuple[ChannelName, str]]:
    yield from person.profile.addresses.items()
    for token in person.tokens:
        yield _PUSH, token.token


async def _told_by(keeper: Keeper, whom: Whom) -> AsyncIterator[Item]:
    after: str | None = None
    while True:
        told = await keeper.tell(whom, after=after)
        for item in told.items:
            yield item
        after = told.after
        if after is None:
            return
