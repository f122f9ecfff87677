"""The pages' templates, each compiled when it is first shown."""

from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from sendwell import __version__
from sendwell.web import words
from sendwell.web.assets import Assets


class Templates:
    """Renders pages. Everything is escaped; what the API does not say is left out."""

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=PackageLoader("sendwell.web"),
            autoescape=select_autoescape(),
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for filter_ in (words.clock_time, words.ago, words.since, words.pretty, words.prose,
                        words.inline, words.number):  # fmt: skip
            self._environment.filters[filter_.__name__] = filter_
        self._environment.globals.update(asset=assets.url, version=__version__)

    def render(self, name: str, **context: Any) -> str:
        """The page as HTML."""
        return self._environment.get_template(name).render(context)
