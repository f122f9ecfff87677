"""`sendwell people` about what people choose, against a running product."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.command import Result, sendwell
from tests.acceptance.product import Product, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("choices")) as started:
        yield started


async def people(product: Product, *words: str) -> Result:
    return await sendwell("people", *words, "--url", product.url)


async def test_topics_are_stored_subscribed_to_and_taken_back(product: Product) -> None:
    stored = await people(product, "topic", "news/sport", "Sport", "--opt-in")
    topics = await people(product, "topics")
    begun = await people(
        product, "subscribe", "user-001", "news/sport", "--wording", "Yes.", "--evidence", "form 7"
    )
    ended = await people(product, "unsubscribe", "user-001", "news/sport")
    consents = await people(product, "consents", "user-001")
    facts = json.loads((await people(product, "consents", "user-001", "--json")).out)

    assert stored.out.strip() == "Stored: news/sport (opt_in)."
    assert topics.out.splitlines()[-1].split() == ["news/sport", "opt_in", "Sport"]
    assert begun.out.strip() == "user-001 gets news/sport, and what lies below."
    assert ended.out.strip() == "user-001 gets nothing of news/sport any more."
    assert "taken back" in consents.out.splitlines()[1]
    assert [(each["given"], each["wording"]) for each in facts[:2]] == [
        (False, None),
        (True, "Yes."),
    ]


async def test_preferences_are_stored_from_the_line_and_from_a_file(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "preferences.json"
    file.write_text('{"order": ["sms"]}')

    typed = await people(product, "choose", "user-001", '{"categories": {"ads": false}}', "--json")
    read = await people(product, "choose", "user-001", f"@{file}")

    chosen = await product.get("/users/user-001/preferences")
    assert json.loads(typed.out)["categories"] == {"ads": False}
    assert read.out.startswith("Stored.")
    assert (chosen["order"], chosen["categories"]) == (["sms"], {})


async def test_an_address_is_verified_and_not_any_more(product: Product) -> None:
    verified = await people(product, "verify", "user-001", "email", "--how", "They wrote back.")
    known = await product.get("/users/user-001")
    doubted = await people(product, "verify", "user-001", "email", "--not", "--json")
    none = await people(product, "verify", "user-001", "webhook")

    assert verified.out.strip().endswith(" is verified.")
    assert known["verified"] == ["email"]
    assert json.loads(doubted.out)["verified"] is False
    assert (none.code, "no address by webhook" in none.errors) == (1, True)


async def test_what_was_done_to_somebody_is_on_the_audit_log(product: Product) -> None:
    await people(product, "choose", "user-001", '{"order": ["email"]}')

    shown = await sendwell("audit", "--user", "user-001", "--url", product.url)

    assert "preferences.changed" in shown.out
    assert "user-001" not in shown.out


async def test_what_can_not_be_stored_is_said_with_its_place(product: Product) -> None:
    wrong = await people(product, "choose", "user-001", '{"topics": {"News": true}}')
    nobody = await people(product, "subscribe", "nobody", "news")

    assert (wrong.code, nobody.code) == (1, 1)
    assert "/topics/News" in wrong.errors
    assert "There is no person nobody" in nobody.errors


async def test_a_message_about_a_topic_goes_by_what_was_chosen(product: Product) -> None:
    await people(product, "unsubscribe", "user-001", "offers")

    sent = await sendwell(
        "send", "--user", "user-001", "--topic", "offers", "--text", "20 % off",
        "--channel", "email", "--wait", "--url", product.url,
    )  # fmt: skip

    assert sent.code == 1
    assert "The person does not want offers by email." in sent.out
