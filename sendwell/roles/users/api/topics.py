"""Routes: topics, and who has subscribed to them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.topic import LONGEST, PATTERN, flaw_in_topic
from sendwell.roles.users.service.topics import Topics
from sendwell.roles.users.store.topics import Topic
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, Moment, problem
from sendwell.runtime.server.paging import (
    MOST,
    cursor_behind,
    cut_page,
    name_behind,
    name_next_page,
)
from sendwell.runtime.server.pattern import LINE

_FULL = problem("There are as many topics as there can be.")
_TEXT = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F]*$"


def is_topic(key: str) -> str:
    """The topic's key, for pydantic: any other text is refused with the reason."""
    if why := flaw_in_topic(key):
        raise PydanticCustomError("topic", "{why}", {"why": why})
    return key


ThisTopic = Annotated[
    str,
    Path(
        alias="topic",
        max_length=LONGEST,
        pattern=PATTERN,
        description="The topic's key, a path: `news/sport` lies below `news`.",
        examples=["news/sport"],
    ),
    AfterValidator(is_topic),
]
Cursor = Annotated[
    str | None, Query(max_length=400, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=MOST)]


class TopicIn(BaseModel):
    """A topic, as people are shown it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=255), LINE] = Field(examples=["Sport"])
    description: Annotated[str, Field(max_length=2_000, pattern=_TEXT)] = Field(
        "", examples=["Results, as soon as a match is over."]
    )
    mode: Literal["opt_in", "opt_out"] = Field(
        "opt_out",
        description="`opt_in` reaches only who has subscribed, `opt_out` all who have not said no.",
    )


class TopicOut(BaseModel):
    """A topic as stored."""

    topic: str = Field(examples=["news/sport"])
    name: str
    description: str
    mode: Literal["opt_in", "opt_out"]
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, topic: Topic) -> "TopicOut":
        """The topic as shown."""
        return cls(
            topic=topic.key,
            name=topic.name,
            description=topic.description,
            mode="opt_in" if topic.is_opt_in else "opt_out",
            created_at=rfc3339_or_none(topic.created_at),
            updated_at=rfc3339_or_none(topic.updated_at),
        )


class TopicPage(BaseModel):
    """Topics in the order of their keys."""

    data: list[TopicOut]
    next_cursor: str | None


class SubscriberOut(BaseModel):
    """Somebody who gets a topic because they have asked for it."""

    user_id: str = Field(examples=["user-001"])


class SubscriberPage(BaseModel):
    """Subscribers in the order of their ids."""

    data: list[SubscriberOut]
    next_cursor: str | None


_CREATED = {"model": TopicOut, "description": "There was no such topic before."}


def add_routes(router: APIRouter, topics: Topics) -> None:
    """PUT, GET and DELETE a topic, list them, and list who has subscribed to one."""

    @router.get("", operation_id="list_topics")
    async def list_topics(
        *,
        request: Request,
        response: Response,
        caller: Asking,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> TopicPage:
        """List topics.

        In the order of their keys; page by `cursor`.
        """
        found = await topics.page(caller.tenant, after=name_behind(cursor), limit=limit + 1)
        shown, following = cut_page(found, limit, cursor=lambda last: cursor_behind(last.key))
        name_next_page(request, response, following)
        return TopicPage(data=[TopicOut.of(each) for each in shown], next_cursor=following)

    # Before the topic itself: its path would swallow this one.
    @router.get("/{topic:path}/subscribers", operation_id="list_subscribers")
    async def list_subscribers(
        topic: ThisTopic,
        *,
        request: Request,
        response: Response,
        caller: Asking,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> SubscriberPage:
        """List who has subscribed to a topic.

        Also to one above it, unless they have said no to this one. In the order of their ids; page
        by `cursor` until there is none: a page may hold fewer people than `limit`.
        """
        page = await topics.subscribers(
            caller.tenant, topic, after=name_behind(cursor), limit=limit
        )
        following = None if page.behind is None else cursor_behind(page.behind)
        name_next_page(request, response, following)
        shown = [SubscriberOut(user_id=user) for user in page.users]
        return SubscriberPage(data=shown, next_cursor=following)

    @router.put("/{topic:path}", operation_id="put_topic", responses={201: _CREATED, 409: _FULL})
    async def put_topic(
        topic: ThisTopic, *, given: TopicIn, caller: Asking, response: Response
    ) -> TopicOut:
        """Store a topic.

        What people have chosen about it stays. Holds within 5 s, also for what is queued.
        """
        stored = Topic(topic, given.name, given.description, is_opt_in=given.mode == "opt_in")
        is_new = await topics.put(caller, stored)
        response.status_code = 201 if is_new else 200
        return TopicOut.of(await topics.find(caller.tenant, topic))

    @router.get("/{topic:path}", operation_id="get_topic", responses={404: NOT_FOUND})
    async def get_topic(topic: ThisTopic, caller: Asking) -> TopicOut:
        """Read a topic."""
        return TopicOut.of(await topics.find(caller.tenant, topic))

    @router.delete(
        "/{topic:path}", operation_id="delete_topic", status_code=204, responses={404: NOT_FOUND}
    )
    async def delete_topic(topic: ThisTopic, caller: Asking) -> None:
        """Delete a topic.

        Subscriptions stay with the people, and count again when it is stored once more.
        """
        await topics.delete(caller, topic)
