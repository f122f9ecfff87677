"""What the roles of this process answer to other services."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sendwell.bootstrap.core import Core
from sendwell.bootstrap.ports import Local, believed_of
from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.ports import questions as q
from sendwell.ports.journal import Journal
from sendwell.ports.listener import Listener, Reply
from sendwell.ports.shelf import Shelf
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.templates.service import Templates
from sendwell.roles.users.service import Users
from sendwell.runtime.server.questions import Questions

Known = Callable[[str], Awaitable[tuple[Caller, float]]]
"""Whose a key is, and for how many seconds that may be remembered. Raises Denied."""


def answers(core: Core, local: Local, delivery: Delivery) -> Questions:
    """The questions that the roles of this process answer."""
    questions = Questions(believed_of(core.settings))
    here = core.settings.roles
    # who does not deliver has nothing to cancel
    questions.answer(q.CANCEL, DeliveryAnswers(core.journal, delivery).cancel)
    if "accounts" in here:
        accounts = AccountsAnswers(local.accounts)
        questions.answer(q.TENANTS, accounts.tenants)
        questions.answer(q.RECORD, accounts.record)
        questions.answer(q.CALLER, CallerAnswers(local.accounts.known).caller)
    if "users" in here:
        _answer_about_people(questions, UsersAnswers(local.users))
        questions.answer(q.HEAR, ListenerAnswers(local.stop_words).hear)
        questions.answer(q.PERSON, CallerAnswers(local.log_in.known).caller)
    if "templates" in here:
        questions.answer(q.TEMPLATE, TemplatesAnswers(local.templates).version)
    if "inbox" in here:
        questions.answer(q.INBOX, ShelfAnswers(local.inbox).put)
    if "mailbox" in here:
        questions.answer(q.MAILBOX, ShelfAnswers(local.mailbox).put)
    return questions


def _answer_about_people(questions: Questions, users: "UsersAnswers") -> None:
    questions.answer(q.PEOPLE, users.people)
    questions.answer(q.CHANGES, users.changes)
    questions.answer(q.TOPICS, users.topics)
    questions.answer(q.SUBSCRIBERS, users.subscribers)
    questions.answer(q.SUPPRESSED, users.suppressed)
    questions.answer(q.SUPPRESS, users.suppress)


@dataclass(frozen=True, slots=True)
class DeliveryAnswers:
    """About deliveries."""

    journal: Journal
    delivery: Delivery

    async def cancel(self, asked: q.Cancel) -> q.Cancelled:
        """What of a notification could still be withdrawn; nothing of another tenant's."""
        known = await self.journal.requested([asked.position])
        request = known.get(asked.position)
        if request is None or request.tenant != asked.tenant:
            return q.Cancelled([])
        return await self.delivery.cancel(request)


@dataclass(frozen=True, slots=True)
class CallerAnswers:
    """About who calls, by a key or as one of the people."""

    known: Known

    async def caller(self, asked: q.AskCaller) -> q.CallerFound:
        """Who it is; or why it is nobody."""
        try:
            found, seconds = await self.known(asked.key)
        except Denied as error:
            return q.CallerFound(refusal=error.message)
        return q.CallerFound(found, seconds)


@dataclass(frozen=True, slots=True)
class AccountsAnswers:
    """About tenants."""

    accounts: Accounts

    async def tenants(self, asked: q.AskTenants) -> q.Tenants:
        """All rules, unless whoever asks has this edition already."""
        book = self.accounts.book
        if asked.edition == book.edition:
            return q.Tenants(edition=book.edition)
        return q.Tenants(book.policies(), book.policy(TenantId("")), book.edition)

    async def record(self, asked: q.AskRecord) -> q.Nothing:
        """What was done elsewhere is on the audit log."""
        await self.accounts.take(asked.deeds)
        return q.Nothing()


@dataclass(frozen=True, slots=True)
class UsersAnswers:
    """About people, and what they want."""

    users: Users

    async def people(self, asked: q.AskPeople) -> q.PeopleFound:
        """Those of them that are known."""
        return q.PeopleFound(list((await self.users.people(asked.tenant, asked.users)).values()))

    async def changes(self, asked: q.AskChanges) -> q.ChangesFound:
        """Who has changed since."""
        noted = self.users.changes
        return q.ChangesFound(noted.source, noted.number, noted.since(asked.seen))

    async def topics(self, asked: q.AskTopics) -> q.TopicsFound:
        """All of a tenant."""
        return q.TopicsFound(dict(await self.users.topics_of(asked.tenant)))

    async def subscribers(self, asked: q.AskSubscribers) -> q.SubscribersFound:
        """Who has subscribed to a topic."""
        found = await self.users.subscribers(asked.tenant, asked.topic, most=asked.most)
        return q.SubscribersFound(list(found))

    async def suppressed(self, asked: q.AskSuppressed) -> q.SuppressedFound:
        """Those of the addresses to which nothing is sent."""
        found = await self.users.suppressed(asked.tenant, asked.addresses)
        return q.SuppressedFound([(*address, why) for address, why in found.items()])

    async def suppress(self, asked: q.Suppress) -> q.Nothing:
        """Nothing is sent to the address any more."""
        await self.users.suppress(
            asked.tenant,
            asked.channel,
            address=asked.address,
            reason=asked.reason,
            at=asked.at,
            source=asked.source,
        )
        return q.Nothing()


@dataclass(frozen=True, slots=True)
class ListenerAnswers:
    """About what people write back."""

    listener: Listener

    async def hear(self, asked: Reply) -> q.Heard:
        """It is heeded; the tenants whose it was."""
        return q.Heard(list(await self.listener.hear(asked)))


@dataclass(frozen=True, slots=True)
class TemplatesAnswers:
    """About templates."""

    templates: Templates

    async def version(self, asked: q.AskTemplate) -> q.TemplateFound:
        """The version, or the published one where none is named."""
        return q.TemplateFound(
            await self.templates.version(asked.tenant, asked.code, asked.version)
        )


@dataclass(frozen=True, slots=True)
class ShelfAnswers:
    """About messages that stay in the house."""

    shelf: Shelf

    async def put(self, asked: q.Put) -> q.Kept:
        """It is kept; its id."""
        return q.Kept(await self.shelf.put(asked.outgoing))
