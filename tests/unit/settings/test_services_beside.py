"""Which services the users role asks what they keep of a person."""

from collections.abc import Mapping
from dataclasses import replace

from sendwell.bootstrap.keepers import services_beside
from sendwell.settings import Settings
from sendwell.settings.read import read_settings

BROKER = {"BROKER_URL": "amqp://127.0.0.1"}


def the_users_role(environment: Mapping[str, str]) -> Settings:
    return replace(read_settings({**BROKER, **environment}), roles=frozenset({"users"}))


def test_a_process_with_all_roles_asks_nobody() -> None:
    assert services_beside(read_settings({})) == {}


def test_a_service_with_several_roles_is_asked_once() -> None:
    at = "http://127.0.0.1:8001"

    found = services_beside(
        the_users_role({"INBOX_URL": at, "MAILBOX_URL": at, "DELIVERY_URL": "http://127.0.0.1:2"})
    )

    assert found == {at: "inbox", "http://127.0.0.1:2": "delivery"}


def test_services_that_no_role_names_are_asked_as_well() -> None:
    found = services_beside(
        the_users_role(
            {
                "DELIVERY_URL": "http://127.0.0.1:1/",
                "SERVICE_URLS": "http://127.0.0.1:1, http://127.0.0.1:2/",
            }
        )
    )

    assert list(found) == ["http://127.0.0.1:1", "http://127.0.0.1:2"]


def test_the_services_of_a_preset_are_known_without_being_told() -> None:
    found = services_beside(the_users_role({"PRESET": "direct"}))

    assert sorted(found) == [f"http://127.0.0.1:{port}" for port in (8000, 8002, 8003, 8004)]
