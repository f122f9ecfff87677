"""A request in the words of preset `tenant`, and its letters opened again."""

from typing import Any

import msgspec

from sendwell.domain.presets import PRESETS
from sendwell.messages.original import Original
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.opening import Copy, Opening
from sendwell.messages.wire.quarantined import Quarantined
from tests.unit.messages.builders import a_request
from tests.unit.messages.contracts import TENANT_REQUEST

TENANT = PRESETS["tenant"]
WRITTEN = TENANT_REQUEST.strip()
ORIGINAL = Original("TenantRequest", msgspec.Raw(WRITTEN))
OF_CONTRACT = a_request(
    to=(To(email="user@example.com"),),
    content=None,
    data=msgspec.Raw(b'{\n    "name": "John",\n    "link": "https://example.com"\n  }'),
    tenant="uuid",
    id="uuid",
    original=ORIGINAL,
)


def opened(letter: Letter, **how: Any) -> Requested | Task | Copy | Quarantined | None:
    return Opening(**how).open(Incoming(letter.body, letter.headers, letter.id))
