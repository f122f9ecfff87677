"""An installation that delivers by a few channels only: CHANNEL_ENABLE_LIST."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.acceptance.product import Product, running

FEW = {"CHANNEL_ENABLE_LIST": "email,in_app", "ROUTE_EMAIL": "mailbox"}


async def goes_out_by(product: Product, **request: object) -> list[str]:
    """The channels by which a notification due in a moment has gone out."""
    due = datetime.now(UTC) + timedelta(seconds=1)  # noqa: TID251 - a test of real time
    answer = await product.send(content="Hello", send_at=due.isoformat(), **request)
    found = await product.settled(answer.json()["id"], "SENT", "DELIVERED", "DEAD", seconds=60)
    assert found["status"] != "DEAD"
    return [delivery["channel"] for delivery in found["deliveries"]]


async def test_who_has_an_address_for_another_channel_only_holds_up_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, environment=FEW) as product:
        await product.client.put("/api/v1/users/bob", json={"phone": "+436641234567"})

        bobs = await goes_out_by(product, user_id="bob")
        others = await goes_out_by(product, to={"email": "ada@example.org"})

    assert (["in_app"], ["email"]) == (bobs, others)


async def test_it_starts_again_with_what_it_has_planned_for_later(tmp_path: Path) -> None:
    async with running(tmp_path, environment=FEW) as product:
        await product.client.put("/api/v1/users/bob", json={"phone": "+436641234567"})
        later = await product.send(user_id="bob", content="x", send_at="2099-01-01T00:00:00Z")
        await product.settled(later.json()["id"], "SCHEDULED")

    async with running(tmp_path, environment=FEW) as again:
        found = await again.get(f"/notifications/{later.json()['id']}")

    assert ["in_app"] == [delivery["channel"] for delivery in found["deliveries"]]
