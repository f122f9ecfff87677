"""The peer's code: a notification service as a team would write it with Celery, Redis and an ORM.

Each choice, and the page that recommends it:
- late acknowledgement because the task can be repeated; JSON arguments; no results stored, because
  nobody reads them: Celery user guide, "Tasks" (idempotence, `acks_late`, "Ignore results you don't
  want");
- automatic retry with exponential backoff and jitter: the same page, "Automatic retry for known
  exceptions";
- prefork with as many processes as cores: "Workers", "Concurrency"; the prefetch multiplier stays
  at its default (several at once pay for short tasks: "Optimizing"), and is 1 where priorities
  count;
- Redis as broker with its visibility time-out and priorities: "Using Redis", "Redis message
  priorities" under "Routing tasks";
- what a process keeps (engine, HTTP session, SMTP connection, templates) is made after the fork:
  SQLAlchemy, "Using connection pools with multiprocessing or os.fork()"; Celery signal
  `worker_process_init`;
- one `requests.Session` a process, so that connections are reused: Requests, "Session objects";
- ORM classes, one `Session` a task, one commit a step, nothing loaded again after it
  (`expire_on_commit=False`): SQLAlchemy, "ORM quick start", "Session basics". SQLite in WAL mode
  with `synchronous=FULL`, like the product, set by a connect event: SQLAlchemy, "SQLite".

What it does for a notification: insert it with an event; set it to processing with an event; render
subject, HTML and text in Jinja2's sandbox; send; set it to sent with an event.
"""

import os
import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache
from typing import Any

import requests
from celery import Celery
from celery.signals import worker_process_init
from jinja2 import Template
from jinja2.sandbox import SandboxedEnvironment
from sqlalchemy import JSON, Engine, ForeignKey, create_engine
from sqlalchemy.event import listen
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks import words

app = Celery("peer", broker=os.environ["PEER_BROKER"])
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=int(os.environ.get("PEER_PREFETCH", "4")),
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600, "queue_order_strategy": "priority"},
)


class Base(DeclarativeBase):
    pass


class Notification(Base):
    __tablename__ = "notifications"

    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    recipient: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[float]
    sent_at: Mapped[float | None]
    provider_message_id: Mapped[str | None]


class Event(Base):
    __tablename__ = "notification_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    notification_id: Mapped[str] = mapped_column(ForeignKey("notifications.id"), index=True)
    name: Mapped[str]
    at: Mapped[float]


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    html: str
    text: str


@app.task(  # type: ignore[untyped-decorator]
    acks_late=True,
    autoretry_for=(requests.RequestException, smtplib.SMTPException, OSError),
    retry_backoff=True,
    retry_jitter=True,
    max_retries=5,
)
def deliver(request: dict[str, Any]) -> None:
    """Bring one notification to its end."""
    with Session(engine(), expire_on_commit=False) as session:
        notification = _stored(session, request)
        _move(session, notification, "PROCESSING", event="SEND_ATTEMPT")
        rendered = _render(request["data"])
        notification.provider_message_id = _send(request["to"], request["id"], rendered)
        notification.sent_at = time.time()
        _move(session, notification, "SENT", event="SENT")


def _stored(session: Session, request: dict[str, Any]) -> Notification:
    notification = Notification(
        id=request["id"], status="PENDING", recipient=next(iter(request["to"].values())),
        payload=request["data"], created_at=time.time(),
    )  # fmt: skip
    session.add(notification)
    session.add(Event(notification_id=request["id"], name="CREATED", at=time.time()))
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        return session.get_one(Notification, request["id"])
    return notification


def _move(session: Session, notification: Notification, status: str, *, event: str) -> None:
    notification.status = status
    session.add(Event(notification_id=notification.id, name=event, at=time.time()))
    session.commit()


def _render(data: dict[str, Any]) -> Rendered:
    subject, html, text = templates()
    return Rendered(subject.render(data), html.render(data), text.render(data))


def _send(to: dict[str, str], key: str, rendered: Rendered) -> str:
    if "url" in to:
        return _post(to["url"], key, rendered)
    if "PEER_SMTP_PORT" in os.environ:
        return _mail(to["email"], key, rendered)
    return key


def _post(url: str, key: str, rendered: Rendered) -> str:
    body = {"subject": rendered.subject, "html": rendered.html, "text": rendered.text}
    http().post(url, json=body, headers={"webhook-id": key}, timeout=10).raise_for_status()
    return key


def _mail(recipient: str, key: str, rendered: Rendered) -> str:
    mail = EmailMessage()
    mail["Message-ID"] = f"<{key}@peer.test>"
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", recipient, rendered.subject
    mail.set_content(rendered.text)
    mail.add_alternative(rendered.html, subtype="html")
    smtp().send_message(mail)
    return key


@cache
def engine() -> Engine:
    made = create_engine(f"sqlite:///{os.environ['PEER_DB']}", connect_args={"timeout": 30})
    listen(made, "connect", _durable)
    return made


@cache
def http() -> requests.Session:
    return requests.Session()


@cache
def smtp() -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", int(os.environ["PEER_SMTP_PORT"]))


@cache
def templates() -> tuple[Template, Template, Template]:
    plain, escaping = SandboxedEnvironment(), SandboxedEnvironment(autoescape=True)
    return (
        plain.from_string(words.SUBJECT),
        escaping.from_string(words.HTML),
        plain.from_string(words.TEXT),
    )


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _begin(**_: object) -> None:
    """After the fork: connect and compile before the first task."""
    engine().connect().close()
    templates()


def _durable(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
