"""Routes: what a person has subscribed to."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sendwell.domain.consent import EVERY, Fact, Preferences, apply_fact, with_topic
from sendwell.domain.instant import rfc3339_or_none
from sendwell.roles.users.api.models import ThisUser
from sendwell.roles.users.api.occasions import Evidence, Wording, occasion_of
from sendwell.roles.users.api.topics import ThisTopic
from sendwell.roles.users.service import Users
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, Moment
from sendwell.runtime.server.known_channel import KNOWN_CHANNEL

_Channel = Annotated[str, Field(max_length=32), KNOWN_CHANNEL]


class SubscriptionIn(BaseModel):
    """What the person wants of a topic; without anything, all of it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    channels: dict[_Channel, bool] = Field(
        default={},
        max_length=20,
        description="By which channels it may come, or not; all others may.",
        examples=[{"sms": False}],
    )
    wording: Wording = None
    evidence: Evidence = None


class SubscriptionOut(BaseModel):
    """A topic that the person has asked for."""

    topic: str = Field(examples=["news/sport"])
    channels: dict[str, bool] = Field(examples=[{"sms": False}])
    since: Moment


class Subscriptions(BaseModel):
    """All that a person has subscribed to, in the order of the topics."""

    data: list[SubscriptionOut]


_NOTHING_SAID = SubscriptionIn()


def add_routes(router: APIRouter, users: Users) -> None:
    """PUT and DELETE a subscription, and list them."""

    @router.get("/subscriptions", operation_id="list_subscriptions", responses={404: NOT_FOUND})
    async def list_subscriptions(user_id: ThisUser, caller: Asking) -> Subscriptions:
        """List what a person has subscribed to."""
        found = await users.preferences.subscriptions(caller.tenant, user_id)
        return Subscriptions(
            data=[
                SubscriptionOut(
                    topic=each.topic,
                    channels={on: yes for on, yes in each.by_channel.items() if on != EVERY},
                    since=rfc3339_or_none(each.since),
                )
                for each in found
            ]
        )

    @router.put(
        "/subscriptions/{topic:path}",
        operation_id="subscribe",
        status_code=204,
        responses={404: NOT_FOUND},
    )
    async def subscribe(
        user_id: ThisUser,
        topic: ThisTopic,
        *,
        given: SubscriptionIn = _NOTHING_SAID,
        caller: Asking,
    ) -> None:
        """Subscribe a person to a topic.

        And to all topics below it. It is one of their preferences from then on, and is put on
        record with the wording.
        """
        by_channel = {EVERY: True, **given.channels}

        def change(chosen: Preferences) -> Preferences:
            return with_topic(chosen, topic, by_channel)

        occasion = occasion_of(caller, wording=given.wording, evidence=given.evidence)
        await users.preferences.change(
            caller.tenant, user_id, change, occasion=occasion, by=caller.actor
        )

    @router.delete(
        "/subscriptions/{topic:path}",
        operation_id="unsubscribe",
        status_code=204,
        responses={404: NOT_FOUND},
    )
    async def unsubscribe(user_id: ThisUser, topic: ThisTopic, caller: Asking) -> None:
        """Take a subscription back.

        The person says no to the topic and all below it, also where they have subscribed to one
        above it or below. Holds at once, also for what is queued already.
        """

        def change(chosen: Preferences) -> Preferences:
            return apply_fact(chosen, Fact(is_given=False, topic=topic))

        await users.preferences.change(
            caller.tenant, user_id, change, occasion=occasion_of(caller), by=caller.actor
        )
