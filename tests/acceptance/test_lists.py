"""What was sent is found again, page by page."""

import pytest

from tests.acceptance.product import Product
from tests.simulators.webhook import WebhookSimulator

pytestmark = pytest.mark.usefixtures("each_database")


async def test_a_list_of_dead_letters_names_its_next_page(product: Product) -> None:
    for _ in range(2):
        answer = await product.send(user_id="nobody", channel="email", content="Hello?")
        await product.settled(answer.json()["id"], "DEAD")

    page = await product.client.get("/api/v1/dead-letters?limit=1&cause=no_address")
    cursor = page.json()["next_cursor"]

    link = f'</api/v1/dead-letters?limit=1&cause=no_address&cursor={cursor}>; rel="next"'
    assert page.headers["link"] == link


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ("from=0001-01-01T00:00:00Z", 1),
        ("to=9999-12-31T23:59:59Z", 1),
        ("from=9999-12-31T23:59:59Z", 0),
        ("to=0001-01-01T00:00:00Z", 0),
    ],
)
async def test_a_list_may_be_asked_for_from_the_first_year_to_the_last(
    product: Product, bounds: str, found: int
) -> None:
    await product.send(to={"email": "ada@example.org"}, content="Hello")

    answer = await product.client.get(f"/api/v1/notifications?{bounds}")

    assert answer.status_code == 200
    assert len(answer.json()["data"]) == found


async def test_no_database_is_asked_for_what_has_a_nul(product: Product) -> None:
    calls = [
        ("GET", "notifications/a%00"),
        ("GET", "notifications/a%00/timeline"),
        ("POST", "notifications/a%00/cancel"),
        ("GET", "notifications?user_id=%00"),
        ("GET", "notifications?event_type=%00"),
        ("GET", "dead-letters?code=%00"),
        ("GET", "users/%00/inbox"),
        ("POST", "users/%00/inbox/1/read"),
        ("GET", "mailbox/messages?user_id=%00"),
        ("DELETE", "mailbox/messages?event_type=%00"),
    ]

    told = [await product.client.request(how, f"/api/v1/{what}") for how, what in calls]
    told.append(await product.client.post("/api/v1/dead-letters/replay", json={"code": "\0"}))

    assert [(400, "invalid")] * 11 == [(each.status_code, each.json()["code"]) for each in told]


async def test_a_channel_that_there_is_not_is_refused_with_those_that_there_are(
    product: Product,
) -> None:
    calls = [
        ("GET", "notifications"),
        ("GET", "dead-letters"),
        ("GET", "suppressions"),
        ("GET", "mailbox/messages"),
        ("DELETE", "mailbox/messages"),
    ]

    told = [
        await product.client.request(how, f"/api/v1/{what}?channel=emial") for how, what in calls
    ]
    told.append(await product.client.post("/api/v1/dead-letters/replay", json={"channel": "emial"}))

    assert [400] * 6 == [each.status_code for each in told]
    why = "There is no such channel; there are email, in_app, push, sms, webhook."
    assert {why} == {each.json()["errors"][0]["detail"] for each in told}
    assert {"/query/channel", "/channel"} == {each.json()["errors"][0]["pointer"] for each in told}


async def test_lists_are_filtered_and_paged(product: Product, endpoint: WebhookSimulator) -> None:
    for number in range(5):
        await product.send(
            to={"url": endpoint.address}, content=str(number), event_type=f"kind_{number % 2}"
        )
    await endpoint.until(lambda: len(endpoint.deliveries) == 5)

    first = await product.get("/notifications", limit=2, event_type="kind_0")
    rest = await product.get(
        "/notifications", limit=2, event_type="kind_0", cursor=first["next_cursor"]
    )

    assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (2, 1, None)
    assert len({each["id"] for each in first["data"] + rest["data"]}) == 3


async def test_the_priority_table_is_edited_and_holds_at_once(product: Product) -> None:
    table = [{"event_type": "ping*", "priority": "low", "category": "noise"}]

    changed = await product.client.put("/api/v1/rules/priorities", json=table)
    answer = await product.send(to={"email": "a@example.org"}, content="x", event_type="ping_me")

    assert changed.status_code == 200
    found = await product.get(f"/notifications/{answer.json()['id']}")
    assert (found["priority"], found["category"]) == ("low", "noise")


async def test_an_address_that_is_gone_is_not_used_again(
    product: Product, endpoint: WebhookSimulator
) -> None:
    endpoint.is_gone = True
    first = await product.send(to={"url": endpoint.address}, content="Anybody there?")
    await product.settled(first.json()["id"], "DEAD")

    second = await product.send(to={"url": endpoint.address}, content="Hello?")

    await product.settled(second.json()["id"], "SUPPRESSED")
    assert len(endpoint.calls) == 1


async def test_a_tenant_is_told_what_it_may_still_hand_in(product: Product) -> None:
    answer = await product.send(to={"email": "a@example.org"}, content="x")

    assert answer.headers["ratelimit-policy"].startswith('"tenant";q=')
    assert answer.headers["ratelimit"].startswith('"tenant";r=')


async def test_open_work_of_others_does_not_hide_what_is_asked_for(product: Product) -> None:
    later = {"content": "x", "channel": "email", "send_at": "2100-01-01T00:00:00Z"}
    for name in ("mine", *(f"other-{number}" for number in range(6))):
        to = {"user_id": name, "email": "someone@example.org"}
        await product.send(id=name, to=to, event_type=f"kind.{name}", **later)
        await product.settled(name, "SCHEDULED")
    asked = {"status": "SCHEDULED", "limit": 1}

    pages = [
        await product.get("/notifications", **asked, **more)
        for more in ({"user_id": "mine"}, {"event_type": "kind.mine"}, {"user_id": "other-6"})
    ]

    assert [["mine"], ["mine"], []] == [[each["id"] for each in page["data"]] for page in pages]


async def test_a_notification_to_several_is_found_by_each_of_them(product: Product) -> None:
    both = [{"user_id": name, "email": f"{name}@example.org"} for name in ("ada", "bob")]
    bare = {"email": "someone@example.org"}
    later = {"content": "x", "channel": "email", "send_at": "2100-01-01T00:00:00Z"}
    await product.send(id="to-bob", to=both[1], **later)
    await product.send(id="to-both", to=[bare, *both], **later)
    await product.settled("to-both", "SCHEDULED")

    found = {
        name: await product.get("/notifications", user_id=name) for name in ("ada", "bob", "eve")
    }
    waiting = await product.get(
        "/notifications", user_id="ada", status="SCHEDULED", channel="email"
    )

    ids = {name: [each["id"] for each in page["data"]] for name, page in found.items()}
    assert {"ada": ["to-both"], "bob": ["to-both", "to-bob"], "eve": []} == ids
    assert ["to-both"] == [each["id"] for each in waiting["data"]]
