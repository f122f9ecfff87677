"""The command line against a running product: what people type, read and get as exit code."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.command import answering, sendwell
from tests.acceptance.product import ROOT, Product, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("cli")) as started:
        yield started


async def dead_letter(product: Product, event_type: str) -> int:
    """The number of a new dead letter with that event type."""
    sent = await sendwell(
        "send", "--user", "nobody", "--text", "x", "--event-type", event_type, "--wait", at=product
    )
    assert sent.code == 1
    letters = await sendwell("dead-letters", "--event-type", event_type, "--json", at=product)
    number: int = letters.json["data"][0]["id"]
    return number


# Sending


async def test_what_is_sent_is_told_by_status_and_timeline(product: Product) -> None:
    sent = await sendwell(
        "send", "--to", "ada@example.com", "--subject", "Hello", "--text", "It works.", "--json",
        at=product,
    )  # fmt: skip
    await product.settled(sent.json["id"], "SENT")

    status = await sendwell("status", sent.json["id"], at=product)
    timeline = await sendwell("timeline", sent.json["id"], at=product)

    assert (sent.code, status.code, timeline.code) == (0, 0, 0)
    assert "0.email" in status.out
    assert "SENT" in status.out
    steps = ["CREATED", "PLANNED", "SEND_ATTEMPT", "SENT"]
    assert [line.split()[2] for line in timeline.out.splitlines() if line[2:3] == ":"] == steps


async def test_json_is_what_the_api_says(product: Product) -> None:
    sent = await sendwell("send", "--to", "ada@example.com", "--text", "x", "--json", at=product)
    id_ = sent.json["id"]
    await product.settled(id_, "SENT")

    status = await sendwell("status", id_, "--json", at=product)
    timeline = await sendwell("timeline", id_, "--json", at=product)

    assert status.json == await product.get(f"/notifications/{id_}")
    assert timeline.json == await product.get(f"/notifications/{id_}/timeline")


async def test_waiting_ends_with_the_timeline_of_what_went_out(product: Product) -> None:
    sent = await sendwell("send", "--user", "user-001", "--text", "x", "--wait", at=product)

    assert sent.code == 0
    assert "✔ SENT" in sent.out


async def test_waiting_for_what_cannot_be_sent_fails_and_says_why(product: Product) -> None:
    sent = await sendwell("send", "--user", "nobody", "--text", "x", "--wait", at=product)

    assert sent.code == 1
    assert "code: no_address" in sent.out


async def test_waiting_ends_when_its_time_is_up(product: Product) -> None:
    sent = await sendwell(
        "send", "--user", "user-001", "--text", "x", "--send-at", "2099-01-01T00:00:00Z",
        "--wait", "--timeout", "2", at=product,
    )  # fmt: skip

    assert sent.code == 1
    assert "is still SCHEDULED after 2 s" in sent.errors


async def test_every_option_of_send_reaches_the_api(product: Product) -> None:
    sent = await sendwell(
        "send", "--user", "user-001", "--to", "+14155550101", "--to", "token:abc",
        "--subject", "S", "--text", "T", "--html", "<p>H</p>", "--channel", "sms",
        "--channel", "push", "--fallback", "--priority", "low", "--event-type", "greeting",
        "--send-at", "2099-01-01T09:00", "--timezone", "Europe/Vienna", "--json",
        at=product,
    )  # fmt: skip
    found = await product.settled(sent.json["id"], "SCHEDULED")

    assert (found["priority"], found["event_type"]) == ("low", "greeting")
    assert (found["channels"], found["recipients"]) == (["sms", "push"], 3)
    assert {each["due_at"] for each in found["deliveries"]} == {"2099-01-01T08:00:00.000Z"}


async def test_a_time_to_live_is_written_as_people_do(product: Product) -> None:
    sent = await sendwell(
        "send", "--to", "a@example.com", "--text", "x", "--ttl", "2h", "--json", at=product
    )
    found = await product.get(f"/notifications/{sent.json['id']}")

    created, expires = (datetime.fromisoformat(found[n]) for n in ("created_at", "expires_at"))
    assert expires - created == timedelta(hours=2)


async def test_a_template_takes_its_data_from_a_file(product: Product, tmp_path: Path) -> None:
    bodies = {"email": {"en": {"subject": "Hi {{ name }}", "text": "Hi {{ name }}"}}}
    await product.client.post("/api/v1/templates", json={"code": "cli-hi", "bodies": bodies})
    (tmp_path / "data.json").write_text('{"name": "Ada"}')

    sent = await sendwell(
        "send", "--to", "tpl@example.com", "--template", "cli-hi", "--data",
        f"@{tmp_path / 'data.json'}", "--wait", at=product,
    )  # fmt: skip
    lacking = await sendwell("send", "--to", "t@example.com", "--template", "cli-hi", at=product)

    mails = await product.get("/mailbox/messages", to="tpl@example.com")
    assert sent.code == 0
    assert mails["data"][0]["content"]["subject"] == "Hi Ada"
    assert lacking.code == 1
    assert "needs: name" in lacking.errors


async def test_the_same_idempotency_key_sends_once(product: Product) -> None:
    command = ("send", "--to", "a@example.com", "--text", "x", "--idempotency-key", "cli-once")

    first, second = await sendwell(*command, at=product), await sendwell(*command, at=product)

    assert first.out.startswith("Accepted: ")
    assert second.out.startswith("Repeated: ")
    assert (first.code, second.code) == (0, 0)


# Refusals and usage


async def test_a_refusal_is_a_sentence_with_the_place_and_exit_code_1(product: Product) -> None:
    refused = await sendwell("send", "--to", "ada@nowhere", "--text", "x", at=product)

    assert (refused.code, refused.out) == (1, "")
    assert refused.errors.startswith("sendwell: /to/email: An e-mail address has the form")


async def test_what_is_unknown_is_said_to_be(product: Product) -> None:
    refused = await sendwell("timeline", "no-such-thing", at=product)

    assert (refused.code, refused.errors) == (
        1,
        "sendwell: There is no notification no-such-thing.\n",
    )


async def test_nobody_at_the_address_is_said_with_what_to_do() -> None:
    refused = await sendwell("ledger", "--url", "http://127.0.0.1:9")

    assert refused.code == 1
    assert "Nobody answers at http://127.0.0.1:9. Start it with `sendwell up`" in refused.errors


async def test_an_answer_that_is_not_sendwells_is_said_to_be() -> None:
    with answering(404, {}) as url:
        refused = await sendwell("ledger", at=url)

    assert (refused.code, refused.errors) == (
        1,
        "sendwell: The server answered 404 Not Found.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["send", "--text", "x"], "Say whom to tell"),
        (["send", "--to", "ada", "--text", "x"], "not an e-mail address"),
        (["send", "--to", "a@example.com", "--template", "t", "--data", "{"], "not JSON"),
        (["send", "--to", "a@example.com", "--data", "[" * 100_000], "nested too deep"),
        (["send", "--to", "a@example.com", "--text", "x", "--ttl", "soon"], "90s, 10m"),
        (["send", "--batch", "x.json", "--text", "x"], "--batch takes everything"),
        (["replay"], "Give the number of a dead letter, or --all."),
        (["replay", "1", "--all"], "Give the number of a dead letter, or --all."),
        (["replay", "1", "--channel", "sms"], "Filters and --rate go with --all."),
        (["ledger", "--url", "https://notify.example.com"], "asks for an API key"),
        (["ledger", "--url", "ftp://127.0.0.1"], "is no address like"),
        (["status"], "Missing argument 'ID'"),
    ],
)
async def test_a_wrong_call_ends_with_exit_code_2(arguments: list[str], said: str) -> None:
    refused = await sendwell(*arguments)

    assert refused.code == 2
    assert said in refused.errors


async def test_the_key_comes_from_an_option_a_file_the_environment_or_the_data_folder(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, "--no-sample") as product:
        without = await sendwell("ledger", at=product)
        wrong = await sendwell("ledger", "--key", "wrong", at=product)
        results = [
            await sendwell("ledger", "--key", product.key, at=product),
            await sendwell("ledger", "--key", f"@{tmp_path / 'api-key'}", at=product),
            await sendwell("ledger", at=product, environment={"SENDWELL_API_KEY": product.key}),
            await sendwell("ledger", "--data", str(tmp_path), at=product),
        ]

    assert without.code == 1
    assert "Send your API key" in without.errors
    assert "This API key is not valid here." in wrong.errors
    assert all("--key @FOLDER/api-key" in told.errors for told in (without, wrong))
    assert [result.code for result in results] == [0, 0, 0, 0]


# Files of notifications


def lines_of(count: int, event_type: str) -> list[str]:
    return [
        json.dumps({"to": {"email": f"u{n}@example.com"}, "content": "x", "event_type": event_type})
        for n in range(count)
    ]


async def test_a_file_of_any_size_is_sent_and_each_refusal_has_its_line(
    product: Product, tmp_path: Path
) -> None:
    lines = lines_of(1_203, "cli_file")
    lines[2] = '{"to": {"email": "u@example.com"}, "content": "x", "colour": "red"}'
    lines[1_100] = "{oops"
    file = tmp_path / "many.ndjson"
    file.write_text("\n".join(lines))

    sent = await sendwell("send", "--batch", str(file), at=product)

    assert sent.code == 1
    assert sent.out == "1,201 accepted, 0 repeated, 2 refused.\n"
    refusals = sent.errors.splitlines()
    assert refusals[0] == "line 3: /colour: There is no such field."
    assert refusals[1].startswith("line 1101: The body is not valid JSON")


async def test_a_json_list_from_standard_input_is_sent_too(product: Product) -> None:
    document = json.dumps([json.loads(line) for line in lines_of(3, "cli_list")], indent=2)

    sent = await sendwell("send", "--batch", "-", "--json", at=product, stdin=document.encode())

    assert sent.json == {"accepted": 3, "duplicate": 0, "refused": 0, "refusals": []}
    assert sent.code == 0


async def test_a_file_sent_again_with_its_key_sends_nothing_twice(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "again.ndjson"
    file.write_text("\n".join(lines_of(600, "cli_again")))
    command = ("send", "--batch", str(file), "--idempotency-key", "cli-again")

    first, second = await sendwell(*command, at=product), await sendwell(*command, at=product)

    assert first.out == "600 accepted, 0 repeated, 0 refused.\n"
    assert second.out == "0 accepted, 600 repeated, 0 refused.\n"


async def test_a_file_that_breaks_off_says_where_and_how_far_it_came(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "broken.json"
    file.write_text("[" + ",\n".join(lines_of(501, "cli_broken")) + ",\noops]")

    sent = await sendwell("send", "--batch", str(file), at=product)

    assert sent.code == 1
    assert "It ended early: 500 accepted, 0 repeated, 0 refused." in sent.errors
    assert "In line 502 the file stops being a JSON list" in sent.errors


async def test_a_terminal_sees_a_progress_bar(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "bar.ndjson"
    file.write_text("\n".join(lines_of(600, "cli_bar")))
    ours, theirs = os.openpty()

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sendwell", "send", "--batch", str(file), "--url", product.url,
        cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=theirs,
    )  # fmt: skip
    code = await process.wait()
    os.close(theirs)
    seen = os.read(ours, 65_536).decode()
    os.close(ours)

    assert code == 0
    assert "Sending" in seen
    assert "%" in seen


# Dead letters and the ledger


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({"template": "nope"}, "There is no published template 'nope'."),
        (
            {"template": "welcome", "template_version": 99},
            "There is no version 99 of the template 'welcome'.",
        ),
    ],
)
async def test_a_template_that_is_not_there_makes_a_dead_letter_that_names_it(
    product: Product, template: dict[str, Any], said: str
) -> None:
    event_type = f"cli_{template['template']}"
    answer = await product.send(
        user_id="user-001", event_type=event_type, channels=["email"], **template
    )

    await product.settled(answer.json()["id"], "DEAD")

    (letter,) = (await product.get("/dead-letters", event_type=event_type))["data"]
    assert (answer.status_code, letter["cause"]) == (202, "template_error")
    assert said == letter["error"]["text"]


async def test_dead_letters_are_listed_with_what_to_do(product: Product) -> None:
    number = await dead_letter(product, "cli_listed")

    told = await sendwell("dead-letters", "--event-type", "cli_listed", at=product)
    none = await sendwell("dead-letters", "--event-type", "cli_never", at=product)

    assert f"{number} " in told.out
    assert "no_address: The person has no address for this channel." in told.out
    assert none.out == "No dead letter matches.\n"


async def test_a_dead_letter_is_replayed_once(product: Product) -> None:
    number = await dead_letter(product, "cli_replayed")

    first = await sendwell("replay", str(number), at=product)
    second = await sendwell("replay", str(number), at=product)

    assert first.out == f"Dead letter {number} goes out again, as delivery 0.email.r1.\n"
    assert second.code == 1
    assert "was replayed already" in second.errors


async def test_all_that_match_are_replayed_at_a_rate(product: Product) -> None:
    for _ in range(2):
        await dead_letter(product, "cli_many")

    replayed = await sendwell(
        "replay", "--all", "--event-type", "cli_many", "--rate", "100", at=product
    )

    assert replayed.out == "Go out again: 2, 100 a second.\n"


async def test_where_one_channel_is_enough_a_person_is_told_by_one_when_all_are_replayed(
    product: Product,
) -> None:
    addresses = {"email": "multi@example.org", "phone": "+436641234567", "url": "https://a.example"}
    await product.client.put("/api/v1/users/cli-multi", json=addresses)
    wanted = {"template": "cli_late", "event_type": "cli_in_turn"}
    answer = await product.send(user_id="cli-multi", **wanted)
    await product.settled(answer.json()["id"], "DEAD")
    letters = (await product.get("/dead-letters", event_type="cli_in_turn"))["data"]
    bodies = {channel: {"en": {"text": "x", "body": "x"}} for channel in ("sms", "in_app")}
    email = {"email": {"en": {"subject": "x", "text": "x"}}}
    await product.client.post(
        "/api/v1/templates", json={"code": "cli_late", "bodies": bodies | email}
    )

    everybody = await sendwell("replay", "--all", "--event-type", "cli_in_turn", at=product)
    found = await product.settled(answer.json()["id"], "SENT", "DELIVERED")
    rest = (await product.get("/dead-letters", event_type="cli_in_turn"))["data"]
    page = (await product.client.get("/dead-letters?event_type=cli_in_turn")).text
    one = next(letter["id"] for letter in rest if letter["channel"] == "sms")
    again = await sendwell("replay", str(one), at=product)

    passed_over = len(letters) - 1
    assert passed_over >= 2
    assert {("0.email.r1", "SENT")} == {
        (each["id"], each["status"]) for each in found["deliveries"] if each["status"] != "DEAD"
    }
    assert everybody.out == (
        f"Go out again: 1, 10 a second. Passed over: {passed_over}, where one delivery is enough.\n"
    )
    assert passed_over == [letter["reached_by"] for letter in rest].count(["0.email.r1"])
    assert passed_over == page.count(">Send once more</button>")
    assert again.out == (
        f"Dead letter {one} goes out again, as delivery 0.sms.r1."
        " Its recipient may get it twice: 0.email.r1 has reached them, or may yet.\n"
    )


async def test_the_ledger_adds_up(product: Product) -> None:
    told = await sendwell("ledger", at=product)

    assert told.code == 0
    assert told.out.endswith("It adds up.\n")


async def test_a_ledger_that_does_not_add_up_ends_with_exit_code_1() -> None:
    columns = ("pending", "sent", "delivered", "failed", "suppressed", "cancelled", "expired")
    document = {**dict.fromkeys(columns, 0), "accepted": 7, "difference": 7, "adds_up": False}

    with answering(200, document) as url:
        told = await sendwell("ledger", at=url)

    assert told.code == 1
    assert "7 deliveries are missing" in told.out
