"""Routes: tenants, for the platform's administrator."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from sendwell.domain.environment import Environment, is_test
from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.permissions import Role
from sendwell.roles.accounts.api.fields import STRICT, Email, Password, PersonName, a_router
from sendwell.roles.accounts.service.operators import Newcomer
from sendwell.roles.accounts.service.tenants import Tenancy
from sendwell.roles.accounts.store.tenants import Tenant
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, Moment, problem

_EXISTS = problem("There is a tenant with this id already.")
ThisTenant = Annotated[
    str, Path(alias="tenant_id", max_length=64, description="The organization's id.")
]


class OwnerIn(BaseModel):
    """The new tenant's first operator."""

    model_config = STRICT

    email: Email
    name: PersonName
    password: Password | None = Field(None, description="Left out: they sign in by OIDC.")

    def newcomer(self) -> Newcomer:
        """As the role knows them."""
        return Newcomer(self.email, self.name, Role.OWNER, self.password)


class TenantIn(BaseModel):
    """A new organization."""

    model_config = STRICT

    id: Annotated[
        str,
        Field(
            description="Small letters, digits, `_` and `-`; it can't be changed.",
            min_length=1,
            max_length=58,
            examples=["acme"],
        ),
    ]
    name: PersonName
    owner: OwnerIn | None = None


class TenantOut(BaseModel):
    """An organization in one environment."""

    id: str = Field(examples=["acme"])
    name: str
    environment: Environment
    sandboxed: bool = Field(description="Nothing of it leaves the house.")
    created_at: Moment

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantOut":
        """The tenant as shown."""
        return cls(**_shown(tenant))


class NewTenantOut(TenantOut):
    """A new organization with its first key, which is shown this once."""

    api_key: str = Field(examples=["sw_4vJqS0APA91b_…"])


class TenantList(BaseModel):
    """All organizations, by id."""

    data: list[TenantOut]


def routes(tenancy: Tenancy) -> APIRouter:
    """List, found and read tenants. Needs the platform's own key."""
    router = a_router("tenants", "tenants")

    @router.get("", operation_id="list_tenants")
    async def list_tenants(caller: Asking) -> TenantList:
        """See all organizations.

        Needs the platform's key; their test environments are listed beside them.
        """
        del caller
        return TenantList(data=[TenantOut.of(each) for each in await tenancy.all()])

    @router.post("", operation_id="create_tenant", status_code=201, responses={409: _EXISTS})
    async def create_tenant(given: TenantIn, caller: Asking) -> NewTenantOut:
        """Found an organization.

        Needs the platform's key. It gets a live and a test environment, a key, and its first owner
        if you name one.
        """
        owner = None if given.owner is None else given.owner.newcomer()
        founded = await tenancy.found(caller, given.id, given.name, owner=owner)
        return NewTenantOut(**_shown(founded.tenant), api_key=founded.key.text)

    @router.get("/{tenant_id}", operation_id="get_tenant", responses={404: NOT_FOUND})
    async def get_tenant(tenant_id: ThisTenant, caller: Asking) -> TenantOut:
        """Read an organization.

        Needs the platform's key.
        """
        del caller
        return TenantOut.of(await tenancy.tenant(tenant_id))

    return router


def _shown(tenant: Tenant) -> dict[str, Any]:
    in_test = is_test(tenant.tenant)
    return {
        "id": tenant.tenant,
        "name": tenant.name,
        "environment": Environment.TEST if in_test else Environment.LIVE,
        "sandboxed": tenant.is_sandboxed,
        "created_at": rfc3339_or_none(tenant.created_at),
    }
