"""The adapters of the Renderer port, and how its suites use them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.domain.rendering import Context, Source
from sendwell.ports.renderer import Renderer

ADAPTERS: Sequence[Callable[[], Renderer]] = (MinijinjaRenderer,)

every_adapter = pytest.mark.parametrize(
    "renderer",
    [adapter() for adapter in ADAPTERS],
    ids=[adapter.__name__ for adapter in ADAPTERS],
)


def render(
    renderer: Renderer,
    source: str,
    data: Mapping[str, Any],
    context: Context = Context.TEXT,
) -> str:
    """One part, in German."""
    encoded = json.dumps(data).encode()
    return renderer.render({"part": Source(source, context)}, encoded, locale="de")["part"]
