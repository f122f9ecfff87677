"""Values that would break a subject are found before anything is accepted."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sendwell.domain.errors import Flaw
from sendwell.domain.ids import ChannelName
from tests.roles.templates_house import a_role, a_template

EMAIL, SMS, PUSH = (ChannelName(name) for name in ("email", "sms", "push"))
WHY = "must have no line break or control character: it stands in the subject."


async def flaws(
    folder: Path, subject: str, data: dict[str, Any], *channels: ChannelName
) -> list[Flaw]:
    """What a template with this subject, in one of its locales, says of the data."""
    bodies = {
        "email": {"en": {"subject": "Hello", "text": "x"}, "de": {"subject": subject, "text": "x"}},
        "sms": {"en": {"text": subject}},
    }
    async with a_role(folder) as role:
        await a_template(role, bodies=bodies, publish=True)
        version = await role.published()
        assert version is not None
        return role.templates.flaws(version, msgspec.json.encode(data), channels)


@pytest.mark.parametrize("value", ["a\r\nBcc: evil@example.com", "a\0b", "a\nb", "a\u2028b"])
@pytest.mark.parametrize("channels", [(), (EMAIL,), (SMS, EMAIL)])
async def test_a_value_that_ends_the_line_of_a_subject_is_pointed_at(
    tmp_path: Path, value: str, channels: tuple[ChannelName, ...]
) -> None:
    found = await flaws(tmp_path, "Hi {{ name }}", {"name": value, "other": value}, *channels)

    assert found == [Flaw("/data/name", WHY)]


@pytest.mark.parametrize(
    ("subject", "data", "pointer"),
    [
        ("{{ order.title|upper }}", {"order": {"title": "a\nb", "text": "c\nd"}}, "/order/title"),
        ("{% for item in items %}{{ item.n }}{% endfor %}", {"items": [{"n": "\r"}]}, "/items/0/n"),
        ("{{ name|default('you') }}", {"name": "a\nb"}, "/name"),
    ],
)
async def test_it_is_found_wherever_it_lies(
    tmp_path: Path, subject: str, data: dict[str, Any], pointer: str
) -> None:
    assert await flaws(tmp_path, subject, data) == [Flaw(f"/data{pointer}", WHY)]


@pytest.mark.parametrize(
    ("subject", "value", "channel"),
    [
        ("Hi {{ name }}", 'He said "hi" \\o/', EMAIL),
        ("Hi {{ name|replace('\n', ' ') }}", "a\nb", EMAIL),
        ("Hi {% if name is defined %}you{% endif %}", "a\nb", EMAIL),
        ("Hi {{ name }}", "a\nb", SMS),
        ("Hi {{ name }}", "a\nb", PUSH),
    ],
)
async def test_what_ends_no_line_is_taken(
    tmp_path: Path, subject: str, value: str, channel: ChannelName
) -> None:
    assert await flaws(tmp_path, subject, {"name": value}, channel) == []
