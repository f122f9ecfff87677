"""Routes: operators of a tenant."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from sendwell.domain.instant import rfc3339_or_none
from sendwell.domain.permissions import Role
from sendwell.roles.accounts.api.fields import STRICT, Email, Password, PersonName, a_router
from sendwell.roles.accounts.service.operators import Change, Newcomer, Operators
from sendwell.roles.accounts.store.operators import Operator
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, Moment, problem

_EXISTS = problem("There is an operator with this address already.")
_LAST_OWNER = problem("Somebody else was faster, or the tenant would be left without an owner.")

ThisOperator = Annotated[
    str,
    Path(alias="operator_id", pattern=r"^[0-9a-f]{32}$", description="The operator's id."),
]
RoleName = Annotated[Role, Field(strict=False)]


class OperatorIn(BaseModel):
    """Somebody who is to administrate the tenant."""

    model_config = STRICT

    email: Email
    name: PersonName
    role: RoleName = Role.VIEWER
    password: Password | None = Field(None, description="Left out: they sign in by OIDC.")

    def newcomer(self) -> Newcomer:
        """As the role knows them."""
        return Newcomer(self.email, self.name, self.role, self.password)


class OperatorChange(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = STRICT

    name: PersonName | None = None
    role: RoleName | None = None
    disabled: bool | None = Field(None, description="A disabled operator can't sign in.")
    forget_identity: bool = Field(
        default=False,
        description="Who signs in next by OIDC at this address is them from then on.",
    )


class PasswordIn(BaseModel):
    """A new password."""

    model_config = STRICT

    password: Password


class OperatorOut(BaseModel):
    """An operator. Passwords are never shown, not even as hashes."""

    id: str = Field(examples=["0199f8a26c1e4d309b5a3f1c2d4e5f60"])
    organization_id: str = Field(examples=["acme"])
    email: str
    name: str
    role: Role
    disabled: bool
    has_password: bool
    has_identity: bool = Field(description="Whether they have signed in by OIDC.")
    created_at: Moment
    changed_at: Moment

    @classmethod
    def of(cls, operator: Operator) -> "OperatorOut":
        """The operator as shown."""
        return cls(
            id=operator.id,
            organization_id=operator.tenant,
            email=operator.card.email,
            name=operator.card.name,
            role=operator.role,
            disabled=operator.is_disabled,
            has_password=operator.password is not None,
            has_identity=operator.identity is not None,
            created_at=rfc3339_or_none(operator.created_at),
            changed_at=rfc3339_or_none(operator.changed_at),
        )


class OperatorList(BaseModel):
    """All operators of a tenant, the oldest first."""

    data: list[OperatorOut]


def routes(operators: Operators) -> APIRouter:
    """List, create, read and change operators."""
    router = a_router("operators", "operators")

    @router.get("", operation_id="list_operators")
    async def list_operators(caller: Asking) -> OperatorList:
        """Who administrates your organization.

        The oldest first, with their roles.
        """
        return OperatorList(data=[OperatorOut.of(each) for each in await operators.all(caller)])

    @router.post("", operation_id="create_operator", status_code=201, responses={409: _EXISTS})
    async def create_operator(given: OperatorIn, caller: Asking) -> OperatorOut:
        """Let somebody administrate your organization.

        Only an owner can make owners.
        """
        return OperatorOut.of(await operators.create(caller, given.newcomer()))

    @router.get("/{operator_id}", operation_id="get_operator", responses={404: NOT_FOUND})
    async def get_operator(operator_id: ThisOperator, caller: Asking) -> OperatorOut:
        """Read an operator.

        Passwords are never shown.
        """
        return OperatorOut.of(await operators.operator(caller, operator_id))

    @router.patch(
        "/{operator_id}",
        operation_id="change_operator",
        responses={404: NOT_FOUND, 409: _LAST_OWNER},
    )
    async def change_operator(
        operator_id: ThisOperator, given: OperatorChange, caller: Asking
    ) -> OperatorOut:
        """Change name or role, shut somebody out, or forget who they are at the OIDC provider.

        All but another name end all their sessions within 60 s.
        """
        change = Change(
            given.name, given.role, given.disabled, forgets_identity=given.forget_identity
        )
        return OperatorOut.of(await operators.change(caller, operator_id, change))

    @router.put(
        "/{operator_id}/password",
        operation_id="set_operator_password",
        status_code=204,
        responses={404: NOT_FOUND, 409: _LAST_OWNER},
    )
    async def set_operator_password(
        operator_id: ThisOperator, given: PasswordIn, caller: Asking
    ) -> None:
        """Give an operator a new password.

        All their sessions end within 60 s.
        """
        await operators.set_password(caller, operator_id, given.password)

    return router
