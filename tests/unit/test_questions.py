"""What services tell each other arrives as it was said."""

import msgspec
import pytest

from sendwell.domain.consent import parse_preferences
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.permissions import Permission, Role
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.domain.rendering import TemplateBody
from sendwell.domain.template import TemplateVersion
from sendwell.ports.directory import ANYBODY, Changed
from sendwell.ports.questions import (
    CallerFound,
    ChangesFound,
    PeopleFound,
    SubscribersFound,
    TemplateFound,
    Tenants,
    TopicsFound,
)
from sendwell.ports.tenants import Caller

ADA = Person(
    UserId("ada"),
    {ChannelName("email"): {0: "ada@example.org"}, ChannelName("push"): {1: "a", 7: "b"}},
    locale="de-AT",
    timezone="Europe/Vienna",
    preferences=parse_preferences(
        {
            "channels": {"sms": {"enabled": False}, "push": {"categories": {"tips": True}}},
            "topics": {"news": True, "news/sport": {"channels": {"sms": False}}},
            "order": ["push", "email"],
            "quiet_hours": {"windows": [{"from": "22:00", "to": "07:00"}]},
        }
    ),
)
VIEWER = Caller(
    TenantId("acme"),
    "Ada",
    permissions=frozenset({Permission.NOTIFICATIONS_READ}),
    credential="session:7",
    operator="ada",
    role=Role.VIEWER,
)
BODY = TemplateBody(subject="Order {{ number }}", html="<p>Thanks</p>")
ORDER = TemplateVersion("order", 3, {ChannelName("email"): {"en": BODY}}, schema={"type": "object"})


@pytest.mark.parametrize(
    "said",
    [
        PeopleFound([ADA]),
        CallerFound(VIEWER, 59.5),
        CallerFound(refusal="This API key is not valid here."),
        Tenants({TenantId("acme"): Policy(is_sandboxed=True)}, Policy()),
        Tenants({}, Policy(preference_defaults=ADA.preferences)),
        TopicsFound({"news": True, "news/sport": False}),
        ChangesFound("a1", 7, [Changed(TenantId("acme"), UserId("ada")), ANYBODY]),
        SubscribersFound([UserId("ada"), UserId("bob")]),
        TemplateFound(ORDER),
        TemplateFound(None),
    ],
)
def test_an_answer_arrives_as_it_was_said(said: msgspec.Struct) -> None:
    assert said == msgspec.json.decode(msgspec.json.encode(said), type=type(said))
