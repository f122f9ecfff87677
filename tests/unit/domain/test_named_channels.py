"""Where choices name channels, so that a name that stands for none can be pointed at."""

from sendwell.domain.consent import parse_preferences
from sendwell.domain.named_channels import named_channels


def test_each_channel_is_named_with_its_place() -> None:
    preferences = parse_preferences(
        {
            "order": ["push", "fax"],
            "channels": {"mail": {"enabled": False}, "sms": {"categories": {"marketing": False}}},
            "topics": {"a/b": {"channels": {"pigeon": True}}, "news": True},
            "enabled": True,
            "categories": {"marketing": False},
        }
    )

    assert named_channels(preferences) == {
        "/order/0": "push",
        "/order/1": "fax",
        "/channels/mail": "mail",
        "/channels/sms": "sms",
        "/topics/a~1b/channels/pigeon": "pigeon",
    }


def test_who_names_none_has_no_places() -> None:
    assert named_channels(parse_preferences({"enabled": False})) == {}
