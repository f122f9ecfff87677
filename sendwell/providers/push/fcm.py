"""Firebase Cloud Messaging, https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.lane import Lane
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.answer import parsed, undocumented, words
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.vendor import AccountCredentials, Private, Vendor

NAME = ProviderName("fcm")
CHANNEL = ChannelName("push")

KEY_FIELD = "sendwell_key"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SECOND = 1_000_000
ASSERTION_SECONDS = 3600
EARLY_SECONDS = 300
"""An access token is replaced this long before it ends, so that none ends on its way."""
SHORTEST_WAIT = timedelta(minutes=1)
"""What FCM asks for when a quota is used up (its ErrorCode QUOTA_EXCEEDED)."""
LONGEST_TTL_SECONDS = 28 * 24 * 3600
LONGEST_COLLAPSE_ID_BYTES = 64


class ServiceAccount(Private, frozen=True):
    """What we need of the key file that the Firebase console hands out."""

    project_id: str
    client_email: str
    private_key: str
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 – where, not what
    private_key_id: str | None = None


class Credentials(AccountCredentials, frozen=True):
    """A Firebase project, by a service account that may send messages."""

    service_account: Annotated[
        ServiceAccount | str,
        msgspec.Meta(description="The service account's key file, as an object or as its text"),
    ]
    base_url: Annotated[str, msgspec.Meta(description="For a test server")] = (
        "https://fcm.googleapis.com"
    )

    def __post_init__(self) -> None:
        try:
            RSAKey.import_key(self.account.private_key)
        except (JoseError, ValueError) as error:
            raise ValueError("`private_key` of the service account is no RSA key") from error

    @property
    def account(self) -> ServiceAccount:
        """The service account, however it was given."""
        if isinstance(self.service_account, ServiceAccount):
            return self.service_account
        return msgspec.json.decode(self.service_account, type=ServiceAccount)


class Fcm:
    """Sends by `POST …/messages:send`, one device a call."""

    def __init__(self, credentials: Credentials, *, http: Http, clock: Callable[[], int]) -> None:
        self._credentials = credentials
        self._http = http
        self._clock = clock
        self._tokens = _AccessTokens(credentials.account, http=http, clock=clock)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """As promised by the port. A second call replaces the first one's words on the screen."""
        made = request(outgoing, self._credentials, now=self._clock())
        if isinstance(made, Refused):
            return made
        token = await self._tokens.current()
        if not isinstance(token, str):
            return token
        headers = {**made.headers, "authorization": f"Bearer {token}"}
        answer = await self._http.exchange(made._replace(headers=headers))
        if not isinstance(answer, HttpAnswer):
            return answer
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget(token)
        return understand(answer)


def request(outgoing: Outgoing, credentials: Credentials, *, now: int) -> HttpRequest | Refused:
    """The call that sends `outgoing`, but for its access token; Refused when it says nothing."""
    content = outgoing.content
    shown = {"title": content.title, "body": content.body}
    notification = {name: said for name, said in shown.items() if said}
    if not notification and not content.data:
        return Refused(Fault("no_content", "A push needs a title, a body or data.", Blame.CONTENT))
    message: dict[str, Any] = {
        "token": outgoing.address,
        "data": {**(content.data or {}), KEY_FIELD: outgoing.key},
        "android": _android(outgoing, is_shown=bool(notification)),
        "apns": _apns(outgoing, is_shown=bool(notification), now=now),
    }
    if notification:
        message["notification"] = notification
    url = f"{credentials.base_url}/v1/projects/{credentials.account.project_id}/messages:send"
    headers = {"content-type": "application/json"}
    body = msgspec.json.encode({"message": message})
    return HttpRequest("POST", url, headers, body, interprets=(HTTPStatus.TOO_MANY_REQUESTS,))


def _android(outgoing: Outgoing, *, is_shown: bool) -> dict[str, Any]:
    android: dict[str, Any] = {"priority": "HIGH" if _is_urgent(outgoing) else "NORMAL"}
    if outgoing.expires_in_seconds is not None:
        android["ttl"] = f"{_ttl_seconds(outgoing.expires_in_seconds)}s"
    if is_shown:
        android["notification"] = {"tag": _collapse_id(outgoing.key)}
    return android


def _apns(outgoing: Outgoing, *, is_shown: bool, now: int) -> dict[str, Any]:
    """Apple takes a message without words only with priority 5, as a background one."""
    headers = {"apns-priority": "10" if is_shown and _is_urgent(outgoing) else "5"}
    if outgoing.expires_in_seconds is not None:
        seconds = _ttl_seconds(outgoing.expires_in_seconds)
        headers["apns-expiration"] = str(now // SECOND + seconds)
    if is_shown:
        return {"headers": {**headers, "apns-collapse-id": _collapse_id(outgoing.key)}}
    headers["apns-push-type"] = "background"
    return {"headers": headers, "payload": {"aps": {"content-available": 1}}}


def _is_urgent(outgoing: Outgoing) -> bool:
    return outgoing.lane <= Lane.HIGH


def _ttl_seconds(seconds: int) -> int:
    return min(max(seconds, 0), LONGEST_TTL_SECONDS)


def _collapse_id(key: str) -> str:
    """The same over all attempts: a second copy replaces the first one on the screen.

    FCM takes no idempotency key, so this is what keeps a repeated unknown attempt from being seen.
    """
    if len(key.encode()) <= LONGEST_COLLAPSE_ID_BYTES:
        return key
    return hashlib.sha256(key.encode()).hexdigest()


class _Sent(msgspec.Struct):
    name: str


class _Violation(msgspec.Struct):
    field: str = ""
    subject: str = ""
    description: str = ""


class _Detail(msgspec.Struct, rename="camel"):
    error_code: str = ""
    field_violations: list[_Violation] = []
    violations: list[_Violation] = []


class _Problem(msgspec.Struct):
    status: str = ""
    message: str = ""
    details: list[_Detail] = []


class _Failed(msgspec.Struct):
    error: _Problem


def understand(answer: HttpAnswer) -> Outcome:
    """What FCM means; see …/docs/reference/fcm/rest/v1/ErrorCode."""
    if answer.status == HTTPStatus.OK and (sent := parsed(answer.body, _Sent)):
        return Accepted(sent.name)
    failed = parsed(answer.body, _Failed)
    code = _code(failed.error) if failed else ""
    if answer.status == HTTPStatus.UNAUTHORIZED and code != "THIRD_PARTY_AUTH_ERROR":
        text = "FCM does not take our access token any more; the next attempt brings a new one."
        return Deferred(Fault("UNAUTHENTICATED", text, Blame.ACCOUNT))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(answer, failed.error if failed else _Problem())
    if failed is None or answer.status < HTTPStatus.BAD_REQUEST:
        return undocumented(answer, "FCM")
    return Refused(Fault(code, words(failed.error.message), _blame(code, failed.error)))


def _throttled(answer: HttpAnswer, problem: _Problem) -> Deferred:
    """A device has a quota of its own, which must not keep the project's others waiting."""
    code = _code(problem) or f"http_{answer.status}"
    text = words(problem.message) or "FCM takes no more messages for now."
    blame = Blame.ADDRESS if _is_about_device(problem) else Blame.PROVIDER
    return Deferred(Fault(code, text, blame), answer.wait or SHORTEST_WAIT)


def _is_about_device(problem: _Problem) -> bool:
    found = [each for detail in problem.details for each in detail.violations]
    kinds = (each.subject.partition(":")[0] for each in found)
    texts = (problem.message, *kinds, *(each.description for each in found))
    return any("device" in text.lower() for text in texts)


def _code(problem: _Problem) -> str:
    """FCM's own code, else the canonical one of Google's APIs."""
    own = (detail.error_code for detail in problem.details if detail.error_code)
    return next(own, problem.status)


def _blame(code: str, problem: _Problem) -> Blame:
    """A bare NOT_FOUND may as well be a wrong project, and must not cost us every token we know."""
    match code:
        case "UNREGISTERED":
            return Blame.ADDRESS
        case "INVALID_ARGUMENT":
            return Blame.ADDRESS if _is_about_token(problem) else Blame.CONTENT
        case _:
            return Blame.ACCOUNT


def _is_about_token(problem: _Problem) -> bool:
    fields = {found.field for detail in problem.details for found in detail.field_violations}
    return "message.token" in fields if fields else "registration token" in problem.message


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: int


class _AccessTokens:
    """Google's access token for a service account: fetched once for all who wait, kept while good.

    See https://developers.google.com/identity/protocols/oauth2/service-account.
    """

    def __init__(self, account: ServiceAccount, *, http: Http, clock: Callable[[], int]) -> None:
        self._account = account
        self._http = http
        self._clock = clock
        self._key = RSAKey.import_key(account.private_key)
        self._token: str | None = None
        self._good_until = 0
        self._fetching: asyncio.Task[str | Outcome] | None = None

    async def current(self) -> str | Outcome:
        """A token that is good, or what a send comes to that cannot have one."""
        if self._token is not None and self._clock() < self._good_until:
            return self._token
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
        return await asyncio.shield(self._fetching)

    def forget(self, token: str) -> None:
        """The token was not taken; one that came in the meantime is kept."""
        if token == self._token:
            self._token = None

    async def _fetch(self) -> str | Outcome:
        try:
            answer = await self._http.exchange(self._request())
        finally:
            self._fetching = None
        if not isinstance(answer, HttpAnswer):
            return answer if isinstance(answer, Refused) else Deferred(answer.fault)
        granted = parsed(answer.body, _Granted)
        if answer.status != HTTPStatus.OK or granted is None:
            return _no_token(answer)
        self._token = granted.access_token
        self._good_until = self._clock() + (granted.expires_in - EARLY_SECONDS) * SECOND
        return self._token

    def _request(self) -> HttpRequest:
        issued = self._clock() // SECOND
        claims = {
            "iss": self._account.client_email,
            "scope": SCOPE,
            "aud": self._account.token_uri,
            "iat": issued,
            "exp": issued + ASSERTION_SECONDS,
        }
        header = {"alg": "RS256", "typ": "JWT"}
        if self._account.private_key_id:
            header["kid"] = self._account.private_key_id
        assertion = jwt.encode(header, claims, self._key)
        form = urlencode({"grant_type": GRANT, "assertion": assertion}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return HttpRequest("POST", self._account.token_uri, headers, form)


def _no_token(answer: HttpAnswer) -> Outcome:
    """No token, so certainly no message: a 4xx is about the account, all else may pass."""
    text = f"Google gave no access token (HTTP {answer.status})."
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return Refused(Fault("no_access_token", text, Blame.ACCOUNT))
    return Deferred(Fault("no_access_token", text, Blame.PROVIDER))


VENDOR = Vendor(
    name=NAME,
    channel=CHANNEL,
    credentials=Credentials,
    build=lambda credentials, means: Fcm(credentials, http=means.http, clock=means.clock),
)
