from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sendwell.channels import all_channels
from sendwell.domain.presets import PRESETS
from sendwell.messages.wire.catalogue import topics
from sendwell.web.asyncapi import document
from sendwell.web.asyncapi.route import asyncapi_route
from tests.unit.messages.schema import valid

CHANNELS = tuple(all_channels().values())
every_preset = pytest.mark.parametrize("preset", PRESETS)


def of(preset: str) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document(PRESETS[preset], CHANNELS)))


@every_preset
def test_every_named_stream_is_a_channel_and_no_other(preset: str) -> None:
    named = {t.physical.name for t in topics(PRESETS[preset], CHANNELS) if t.is_named}

    assert set(of(preset)["channels"]) == named


@every_preset
def test_every_example_is_as_its_schema_says(preset: str) -> None:
    made = of(preset)
    components = made["components"]

    for name, message in components["messages"].items():
        if name == "quarantine":
            continue
        schema = message["payload"]["$ref"].rpartition("/")[2]
        for example in message["examples"]:
            assert valid(
                example["payload"], schema, components["schemas"], place="components/schemas"
            )


@every_preset
def test_every_operation_speaks_of_a_message_of_its_channel(preset: str) -> None:
    made = of(preset)

    for operation in made["operations"].values():
        channel = operation["channel"]["$ref"].removeprefix("#/channels/")
        (message,) = operation["messages"]
        prefix = f"#/channels/{channel}/messages/"
        assert message["$ref"].removeprefix(prefix) in made["channels"][channel]["messages"]


def test_kafka_and_rabbitmq_are_described_where_a_preset_has_them() -> None:
    tenant, intents, direct = of("tenant"), of("intents"), of("direct")

    assert set(tenant["channels"]["notification.status"]["bindings"]) == {"kafka"}
    assert set(intents["servers"]) == {"kafka", "rabbitmq"}
    assert intents["channels"]["notification.email.failed"]["bindings"]["amqp"]["exchange"] == {
        "name": "notification",
        "type": "topic",
        "durable": True,
        "autoDelete": False,
        "vhost": "/",
    }
    failed = direct["channels"]["failed"]
    assert failed["bindings"]["amqp"]["queue"]["name"] == "failed.queue"
    assert failed["description"] == (
        "Queue `failed.queue` behind the direct exchange `notifications.direct`,"
        " routing key `failed` or `failed.queue`."
    )
    assert "kafka" not in direct["components"]["messages"]["task"]["bindings"]


def test_a_queue_of_preset_direct_carries_requests_and_tasks() -> None:
    made = of("direct")

    assert set(made["channels"]["email"]["messages"]) == {"requested", "task"}
    assert {"receive_requested_email", "receive_task_email", "send_task_email"} < set(
        made["operations"]
    )


def test_what_producers_alone_write_we_only_receive() -> None:
    operations = of("tenant")["operations"]

    assert "receive_requested" in operations
    assert "send_requested" not in operations
    assert "send_status" in operations
    assert "receive_status" not in operations


def test_the_route_serves_the_document() -> None:
    app = Starlette(routes=[asyncapi_route(PRESETS["tenant"], CHANNELS)])

    answer = TestClient(app).get("/asyncapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == of("tenant")
