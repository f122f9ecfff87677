"""The accounts role with all that lets people and programs in."""

import os
import secrets
from pathlib import Path
from typing import NamedTuple

import structlog

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.passwords import choose
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.database import open_accounts
from sendwell.bootstrap.secret import private
from sendwell.domain.errors import Invalid, Unavailable
from sendwell.domain.policy import Policy
from sendwell.ports.audit import Audit
from sendwell.ports.clock import Clock
from sendwell.ports.passwords import Passwords
from sendwell.roles.accounts.keys import Key, new_key, parse_key
from sendwell.roles.accounts.oidc import OidcClient, OidcProvider
from sendwell.roles.accounts.rules import Reach
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.service.access import Access
from sendwell.roles.accounts.service.audit_log import AuditLog
from sendwell.roles.accounts.service.clients import Clients
from sendwell.roles.accounts.service.keys import Keys
from sendwell.roles.accounts.service.operators import Operators
from sendwell.roles.accounts.service.sessions import Sessions
from sendwell.roles.accounts.service.single_sign_on import CALLBACK, SingleSignOn
from sendwell.roles.accounts.service.tenants import Tenancy
from sendwell.roles.accounts.store import AccountStore
from sendwell.runtime.cluster.news import News
from sendwell.runtime.process import Worker
from sendwell.runtime.record.audit_outbox import AuditOutbox
from sendwell.runtime.tokens import Tokens
from sendwell.settings import Settings

log = structlog.get_logger()
PLATFORM_KEY_FILE = "platform-key"
_EMBEDDED = "sqlite"
"""Where nobody else can change anything."""


class AccountsRole(NamedTuple):
    """The role, the services behind its routes, and by what everybody else lets people in, too."""

    accounts: Accounts
    access: Access
    tokens: Tokens
    passwords: Passwords
    audit: Audit
    """The log, or who takes there what is done here."""


async def build_accounts(core: Core, reach: Reach) -> AccountsRole:
    """Build the role; the platform has a key, in the data folder of whoever made it."""
    database = await open_accounts(core.house, core.settings, core.process)
    store, clock = AccountStore(database), core.clock
    tokens = _tokens(core.settings, clock)
    accounts = Accounts(
        store,
        defaults=defaults_of(core.settings),
        clock=clock,
        tokens=tokens,
        news=News("accounts", core.signals if database is core.database else core.shared.signals),
        reach=reach,
        lets_sample_in=core.settings.lets_sample_in,
    )
    await accounts.start()
    if core.database.dialect != _EMBEDDED:
        core.process.start(Worker("rules", accounts.run))
    passwords = choose(core.settings.sign_in.password_hash)
    core.process.at_close("passwords", passwords.close)
    operators = Operators(store.operators, accounts, passwords, clock)
    sessions = Sessions(
        store, accounts, operators=operators, passwords=passwords, tokens=tokens, clock=clock
    )
    access = Access(
        operators=operators,
        sessions=sessions,
        keys=Keys(store.keys, accounts, clock),
        clients=Clients(accounts.credentials, tokens),
        tenancy=Tenancy(store, accounts, operators, clock),
        audit=AuditLog(store.audit),
        single_sign_on=_single_sign_on(core, store, sessions, tokens=tokens),
    )
    if "accounts" in core.settings.roles:
        await _ensure_platform_key(access.tenancy, core.settings.data / PLATFORM_KEY_FILE)
    return AccountsRole(accounts, access, tokens, passwords, _audit(core, accounts))


def defaults_of(settings: Settings) -> Policy:
    """The rules of a tenant that has none."""
    return Policy(retries=settings.retries, timezone=settings.timezone)


def _audit(core: Core, accounts: Accounts) -> Audit:
    if "accounts" in core.settings.roles:
        return accounts
    return AuditOutbox(core.database, new_id=core.ids.notification)


def _tokens(settings: Settings, clock: Clock) -> Tokens:
    """By a secret that nobody knows where it is the built-in one."""
    if settings.sign_in.token_key:
        return Tokens(settings.sign_in.token_key, clock)
    own = private(settings.secret) or secrets.token_urlsafe(32)
    return Tokens(own, clock, also=private(settings.secret_also))


def _single_sign_on(
    core: Core, store: AccountStore, sessions: Sessions, *, tokens: Tokens
) -> SingleSignOn | None:
    settings, own = core.settings, core.settings.sign_in
    given = (own.oidc_issuer, own.oidc_client_id, own.oidc_client_secret)
    if not any(given):
        return None
    if not own.oidc_issuer or not own.oidc_client_id or not own.oidc_client_secret:
        raise Invalid(
            "OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET belong together: set all three."
        )
    http = HttpClient(policy=Trusted(), clock=core.clock)
    core.process.at_close("oidc", http.close)
    provider = OidcProvider(own.oidc_issuer, own.oidc_client_id, own.oidc_client_secret)
    home = settings.public_url or f"http://{settings.host}:{settings.port}"
    return SingleSignOn(
        OidcClient(provider, http, core.clock),
        store.operators,
        sessions,
        tokens=tokens,
        clock=core.clock,
        redirect=f"{home.rstrip('/')}{CALLBACK}",
    )


async def _ensure_platform_key(tenancy: Tenancy, file: Path) -> None:
    """Where nobody has a key for the platform, there is one in the file; a revoked one is replaced.

    A folder that cannot be written is no reason not to start.
    """
    if await tenancy.has_key():
        return
    key = _read(file)
    if key is None or await tenancy.has_had(key):
        key = new_key()
        try:
            _write(file, key)
        except OSError as error:
            log.warning("accounts.no_platform_key", file=str(file), error=error.strerror)
            return
    await tenancy.ensure_key(key)


def _read(file: Path) -> Key | None:
    """The key in the file, if there is one. Raises Unavailable for anything else."""
    if not file.exists():
        return None
    key = parse_key(file.read_text().strip())
    if key is None:
        raise Unavailable(f"{file} does not hold an API key. Remove it to get a new one.")
    return key


def _write(file: Path, key: Key) -> None:
    """The file holds the key, and nobody else may read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as opened:
        opened.write(f"{key.text}\n")
