"""What is answered to other services."""

from sendwell.bootstrap.answers import CallerAnswers
from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.ports import questions as q
from sendwell.ports.tenants import Caller

SHOP = Caller(TenantId("acme"), "shop")


async def known(key: str) -> tuple[Caller, float]:
    if key != "sw_good":
        raise Denied("This API key is not valid here.", is_unknown=True)
    return SHOP, 5.0


async def test_who_calls_is_told_with_how_long_that_holds() -> None:
    found = await CallerAnswers(known).caller(q.AskCaller("sw_good"))

    assert found == q.CallerFound(SHOP, 5.0)


async def test_of_a_key_that_is_nobodys_the_reason_is_told() -> None:
    found = await CallerAnswers(known).caller(q.AskCaller("sw_other"))

    assert found == q.CallerFound(refusal="This API key is not valid here.")
