"""Whose quota is used up: the project's, or only a device's."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from sendwell.domain.outcome import Blame, Deferred
from sendwell.ports.http import HttpAnswer
from sendwell.providers.push.fcm import understand
from tests.simulators.server import json_reply


def over_quota(message: str, *details: Mapping[str, object]) -> HttpAnswer:
    error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}
    return HttpAnswer(429, {}, json_reply(429, {"error": error}).body)


PER_PROJECT = over_quota(
    "Quota exceeded for quota metric 'Send requests' and limit 'Send requests per minute' of "
    "service 'fcm.googleapis.com' for consumer 'project_number:123456789012'.",
    {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {"quota_unit": "1/min/{project}", "quota_limit": "SendsPerMinutePerProject"},
    },
)


def test_the_projects_quota_is_full_for_a_minute() -> None:
    outcome = understand(PER_PROJECT)

    assert isinstance(outcome, Deferred)
    assert (outcome.fault.code, outcome.fault.blame) == ("RESOURCE_EXHAUSTED", Blame.PROVIDER)
    assert outcome.wait == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("message", "violation"),
    [
        ("Device message rate exceeded", {}),
        ("Quota exceeded.", {"subject": "device", "description": "Rate exceeded"}),
        ("Quota exceeded.", {"subject": "device:1", "description": "Rate exceeded"}),
        ("Quota exceeded.", {"subject": "", "description": "Device message rate exceeded"}),
    ],
)
def test_a_devices_quota_is_no_reason_to_spare_the_project(
    message: str, violation: dict[str, str]
) -> None:
    quota = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
    own = {"@type": "FcmError", "errorCode": "QUOTA_EXCEEDED"}

    outcome = understand(over_quota(message, own, quota))

    assert isinstance(outcome, Deferred)
    assert (outcome.fault.code, outcome.fault.blame) == ("QUOTA_EXCEEDED", Blame.ADDRESS)
    assert outcome.wait == timedelta(minutes=1)


def test_a_project_that_is_called_device_is_none() -> None:
    violation = {"subject": "project:device-farm", "description": "Message rate exceeded"}
    quota = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}

    outcome = understand(over_quota("Quota exceeded.", quota))

    assert isinstance(outcome, Deferred)
    assert outcome.fault.blame is Blame.PROVIDER
