"""The main job on real conversations: mail by SMTP, and each vendor's simulator from end to end."""

import json
from contextlib import AsyncExitStack
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.belongings import Tenant, found
from tests.acceptance.product import Product, running, webhooks
from tests.conformance.smtp_sink import SmtpSink
from tests.simulators.fcm import FcmSimulator
from tests.simulators.sendgrid import BOUNCED, SendGridSimulator
from tests.simulators.troubles import Instead, Reply
from tests.simulators.twilio import TwilioSimulator
from tests.simulators.webhook import WebhookSimulator

pytestmark = pytest.mark.usefixtures("each_database")

TEMPLATE = {
    "code": "order",
    "bodies": {
        "email": {
            "en": {"subject": "Order {{ number }}", "html": "<p>Thanks, {{ name }}.</p>"},
            "de": {"subject": "Bestellung {{ number }}", "html": "<p>Danke, {{ name }}.</p>"},
        }
    },
    "publish": True,
}


async def address(product: Product, person: str, email: str) -> None:
    answer = await product.client.put(f"/api/v1/users/{person}", json={"email": email})
    assert answer.is_success, answer.text


async def publish(product: Product, template: dict[str, Any]) -> None:
    answer = await product.client.post("/api/v1/templates", json=template)
    assert answer.status_code == 201, answer.text


async def test_a_template_becomes_a_mail_in_the_persons_language(tmp_path: Path) -> None:
    async with SmtpSink(answers={"RCPT": ["451 4.3.0 Try again later"]}) as sink:
        relay = {
            "host": "127.0.0.1",
            "port": sink.port,
            "tls": "none",
            "from": "Shop <shop@example.org>",
        }
        environment = {"PROVIDER_CREDENTIALS_SMTP": json.dumps(relay)}
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            await publish(product, TEMPLATE)
            await product.client.put(
                "/api/v1/users/ada", json={"email": "ada@example.org", "locale": "de-AT"}
            )

            answer = await product.send(
                user_id="ada", template="order", data={"number": "7 & 8", "name": "<Ada>"}
            )

            found = await product.settled(answer.json()["id"], "SENT")
            assert found["deliveries"][0]["attempts"] == 2
            (mail,) = sink.mails
            parsed = message_from_bytes(mail.message, _class=EmailMessage, policy=default)
            html = parsed.get_body(("html",))
            assert html is not None
            assert (parsed["Subject"], parsed["To"]) == ("Bestellung 7 & 8", "ada@example.org")
            assert "Danke, &lt;Ada&gt;." in html.get_content()
            assert parsed["Message-ID"] == f"<{found['id']}.0.email@example.org>"


async def test_a_missing_variable_is_refused_by_name_before_anything_is_stored(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, "--no-sample") as product:
        await publish(product, TEMPLATE)

        answer = await product.send(
            to={"email": "ada@example.org"}, template="order", data={"number": "7"}
        )

        assert (answer.status_code, answer.json()["code"]) == (422, "missing_variable")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/data/name"]
        assert (await product.get("/ledger"))["accepted"] == 0


async def test_a_value_that_would_begin_a_header_is_refused_before_anything_is_stored(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, "--no-sample") as product:
        await publish(product, TEMPLATE)
        whom = {"to": {"email": "ada@example.org"}, "template": "order"}
        data = {"number": "7\r\nBcc: evil@example.com", "name": "Ada\nLovelace"}

        answers = [await product.send(**whom, **{field: data}) for field in ("data", "payload")]

        assert [answer.status_code for answer in answers] == [422, 422]
        pointers = [error["pointer"] for each in answers for error in each.json()["errors"]]
        assert pointers == ["/data/number", "/payload/number"]
        assert (await product.get("/ledger"))["accepted"] == 0


async def test_a_template_without_words_for_the_only_channel_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, "--no-sample") as product:
        await publish(product, TEMPLATE)
        asked = {"to": {"phone": "+436641234567"}, "template": "order"}
        data = {"number": "7", "name": "Ada"}

        alone = await product.send(**asked, channel="sms", data=data)
        beside = await product.send(**asked, channels=["sms", "email"], data=data)

        assert (alone.status_code, alone.json()["code"]) == (400, "template_error")
        assert [error["pointer"] for error in alone.json()["errors"]] == ["/template"]
        assert beside.status_code == 202


async def test_receipts_by_signed_webhook_move_deliveries_on(tmp_path: Path) -> None:
    async with SendGridSimulator() as sendgrid, TwilioSimulator() as twilio:
        environment = {
            "PROVIDER_CREDENTIALS_SENDGRID": json.dumps(sendgrid.credentials),
            "PROVIDER_CREDENTIALS_TWILIO": json.dumps(twilio.credentials),
            "PUBLIC_URL": "https://hooks.example.org",
        }
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            mail = await product.send(to={"email": "ada@example.org"}, content="Hello")
            sms = await product.send(to={"phone": "+436641234567"}, content="Hello", channel="sms")
            await product.settled(mail.json()["id"], "SENT")
            await product.settled(sms.json()["id"], "SENT")

            await forward(product, "sendgrid", sendgrid)
            await forward(product, "twilio", twilio)

            await product.settled(mail.json()["id"], "DELIVERED")
            await product.settled(sms.json()["id"], "DELIVERED")
            events = (await product.get(f"/notifications/{mail.json()['id']}/timeline"))["events"]
            names = [event["event"] for event in events]
            assert names == ["CREATED", "PLANNED", "SEND_ATTEMPT", "SENT", "DELIVERED"]
            ledger = await product.get("/ledger")
            assert (ledger["delivered"], ledger["difference"]) == (2, 0)


async def test_a_late_bounce_holds_nothing_against_a_persons_new_address(tmp_path: Path) -> None:
    async with SendGridSimulator() as sendgrid:
        environment = {
            "PROVIDER_CREDENTIALS_SENDGRID": json.dumps(sendgrid.credentials),
            "PUBLIC_URL": "https://hooks.example.org",
        }
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            people = {"ada": "typo@exmaple.org", "bob": "gone@example.org"}
            sent = {}
            for person, email in people.items():
                sendgrid.fates[email] = BOUNCED
                await address(product, person, email)
                answer = await product.send(user_id=person, channel="email", content="Hello")
                sent[person] = answer.json()["id"]
                await product.settled(sent[person], "SENT")
            await address(product, "ada", "ada@example.org")

            await forward(product, "sendgrid", sendgrid)

            for id_ in sent.values():
                await product.settled(id_, "BOUNCED")
            suppressed = (await product.get("/suppressions"))["data"]
            again = await product.send(user_id="ada", channel="email", content="Hello again")
            await product.settled(again.json()["id"], "SENT")

    assert [each["address"] for each in suppressed] == ["gone@example.org"]
    assert sendgrid.mails[-1].to == "ada@example.org"


async def test_receipts_that_name_only_the_vendors_id_are_taken_from_every_account(
    tmp_path: Path,
) -> None:
    async with TwilioSimulator() as twilio:
        environment = {
            "PROVIDER_CREDENTIALS_TWILIO__EU": json.dumps(twilio.credentials),
            "PUBLIC_URL": "https://hooks.example.org",
        }
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            sms = await product.send(to={"phone": "+436641234567"}, content="Hello", channel="sms")
            await product.settled(sms.json()["id"], "SENT")

            await forward(product, "twilio", twilio, account="eu")

            found = await product.settled(sms.json()["id"], "DELIVERED")

    (delivery,) = found["deliveries"]
    assert (delivery["status"], delivery["provider"]) == ("DELIVERED", "twilio__eu")


async def test_two_tenants_may_choose_the_same_id_on_the_same_accounts(tmp_path: Path) -> None:
    async with SendGridSimulator() as sendgrid, WebhookSimulator() as endpoint:
        environment = {
            "PROVIDER_CREDENTIALS_SENDGRID": json.dumps(sendgrid.credentials),
            "PUBLIC_URL": "https://hooks.example.org",
            **webhooks(endpoint.credentials),
        }
        async with (
            running(tmp_path, "--no-sample", environment=environment) as product,
            AsyncExitStack() as clients,
        ):
            tenants = [await found(product, tmp_path, id_, name=id_) for id_ in ("one", "two")]
            for tenant in tenants:
                clients.push_async_callback(tenant.client.aclose)
                email = f"gone@{tenant.id}.example"
                sendgrid.fates[email] = BOUNCED
                to = {"email": email, "url": endpoint.address}
                request = {"id": "order-7", "to": to, "channels": ["email", "webhook"]}
                await tenant.post("/notifications", {**request, "content": "On its way"})
                assert await states(tenant, "DELIVERED") == {
                    "email": "SENT",
                    "webhook": "DELIVERED",
                }

            await forward(product, "sendgrid", sendgrid)

            for tenant in tenants:
                assert (await states(tenant, "BOUNCED"))["email"] == "BOUNCED"
                suppressed = (await tenant.get("/suppressions"))["data"]
                assert [each["address"] for each in suppressed] == [f"gone@{tenant.id}.example"]
            assert endpoint.repeats == 0
            assert len({mail.body["headers"]["Message-ID"] for mail in sendgrid.mails}) == 2


async def states(tenant: Tenant, awaited: str) -> dict[str, str]:
    """Where order 7 stands on each channel, once it stands there on one."""

    def is_there(each: Any) -> bool:
        stands = {one["status"] for one in each["deliveries"]}
        return awaited in stands and not stands & {"PENDING", "PROCESSING"}

    order = await tenant.first("/notifications", of=is_there)
    return {each["channel"]: each["status"] for each in order["deliveries"]}


async def forward(
    product: Product, provider: str, simulator: Any, *, account: str = "default"
) -> None:
    """Post the vendor's webhooks as they would come through a proxy at the public URL."""
    path = f"/webhooks/{provider}/{account}"
    for hook in simulator.receipts(f"https://hooks.example.org{path}"):
        query = hook.url.partition("?")[2]
        answer = await product.client.post(
            f"{path}?{query}" if query else path, content=hook.body, headers=dict(hook.headers)
        )
        assert answer.status_code == 204, answer.text
        forged = await product.client.post(path, content=hook.body, headers={})
        assert forged.status_code in {401, 403}


async def test_the_next_provider_takes_over_at_once(tmp_path: Path) -> None:
    async with SendGridSimulator() as sendgrid:
        nobody = {"host": "127.0.0.1", "port": 1, "tls": "none", "from": "shop@example.org"}
        environment = {
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(nobody),
            "PROVIDER_CREDENTIALS_SENDGRID": json.dumps(sendgrid.credentials),
            "ROUTE_EMAIL": "smtp,sendgrid",
        }
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            for _ in range(8):
                answer = await product.send(to={"email": "ada@example.org"}, content="Hello")
                found = await product.settled(answer.json()["id"], "SENT")
                assert found["deliveries"][0]["provider"] == "sendgrid"

            # After five failures in a row nobody asks the relay any more.
            attempts = [
                (await product.get(f"/notifications/{each['id']}"))["deliveries"][0]["attempts"]
                for each in (await product.get("/notifications"))["data"]
            ]
            assert attempts == [1, 1, 1, 2, 2, 2, 2, 2]


async def test_a_text_message_that_a_gateway_did_not_hear_of_is_there_once(tmp_path: Path) -> None:
    async with TwilioSimulator() as twilio:
        environment = {"PROVIDER_CREDENTIALS_TWILIO": json.dumps(twilio.credentials)}
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            twilio.fail_next(Instead(Reply(504), is_taken=True))

            answer = await product.send(
                to={"phone": twilio.address}, content="Your code is 1234.", channel="sms"
            )

            found = await product.settled(answer.json()["id"], "DEAD")
            assert found["deliveries"][0]["attempts"] == len(twilio.messages) == 1
            (letter,) = (await product.get("/dead-letters"))["data"]
            assert letter["cause"] == "unknown_outcome"
            assert letter["error"]["code"] == "http.gateway"


async def test_a_push_token_that_is_gone_is_taken_from_its_person(tmp_path: Path) -> None:
    async with FcmSimulator() as fcm:
        environment = {"PROVIDER_CREDENTIALS_FCM": json.dumps(fcm.credentials)}
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            await product.client.put("/api/v1/users/ada", json={"locale": "en"})
            dead = fcm.address[::-1]
            for token in (fcm.address, dead):
                await product.client.post(
                    "/api/v1/users/ada/tokens", json={"token": token, "platform": "android"}
                )
            fcm.unregistered.add(dead)

            answer = await product.send(
                user_id="ada", channel="push", content={"title": "Hi", "body": "There"}
            )

            await product.settled(answer.json()["id"], "DEAD")
            person = await product.get("/users/ada")
            assert len(person["tokens"]) == 1
            assert len(fcm.messages) == 1


@pytest.mark.parametrize(("gone", "by_mail"), [(1, 0), (2, 1)])
async def test_the_next_channel_is_for_when_none_of_a_persons_phones_can_be_reached(
    tmp_path: Path, gone: int, by_mail: int
) -> None:
    async with FcmSimulator() as fcm, SmtpSink() as sink:
        relay = {"host": "127.0.0.1", "port": sink.port, "tls": "none", "from": "a@example.org"}
        environment = {
            "PROVIDER_CREDENTIALS_FCM": json.dumps(fcm.credentials),
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay),
        }
        async with running(tmp_path, "--no-sample", environment=environment) as product:
            await product.client.put("/api/v1/users/ada", json={"email": "ada@example.org"})
            phones = [fcm.address, fcm.address[::-1]]
            for token in phones:
                await product.client.post(
                    "/api/v1/users/ada/tokens", json={"token": token, "platform": "android"}
                )
            fcm.unregistered.update(phones[2 - gone :])

            answer = await product.send(
                user_id="ada", channels=["push", "email"], routing="fallback", content="Hello"
            )

            found = await product.settled(answer.json()["id"], "SENT")
            reached = [d["channel"] for d in found["deliveries"] if d["status"] == "SENT"]
            assert reached == ["email" if by_mail else "push"]
            assert len(found["deliveries"]) == 2 + by_mail
            assert len(sink.mails) == by_mail
            ledger = await product.get("/ledger")
            assert (ledger["accepted"], ledger["difference"]) == (2 + by_mail, 0)
