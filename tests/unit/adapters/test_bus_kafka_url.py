"""One URL says which Kafka, and how to get in."""

import pytest

from sendwell.adapters.bus.kafka.url import KafkaUrl
from sendwell.domain.errors import Invalid


def test_brokers_without_a_port_have_the_usual_one() -> None:
    url = KafkaUrl.parse("kafka://one,two:9093,[::1]:9094,10.0.0.1")

    assert url.servers == ("one:9092", "two:9093", "[::1]:9094", "10.0.0.1:9092")


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("kafka://one", "PLAINTEXT"),
        ("kafka://ali:secret@one", "SASL_PLAINTEXT"),
        ("kafka+ssl://one", "SSL"),
        ("kafka+ssl://ali:secret@one", "SASL_SSL"),
        ("kafka://ali:secret@one?security=ssl", "SASL_SSL"),
    ],
)
def test_scheme_and_user_decide_the_protocol(url: str, protocol: str) -> None:
    assert protocol == KafkaUrl.parse(url).client()["security.protocol"]


def test_user_and_password_may_hold_any_character() -> None:
    settings = KafkaUrl.parse("kafka://a%40b:p%3A%2F%40%25%C3%BC@one?sasl=PLAIN").client()

    assert settings["sasl.username"] == "a@b"
    assert settings["sasl.password"] == "p:/@%ü"
    assert settings["sasl.mechanism"] == "PLAIN"


def test_without_a_user_nothing_is_said_about_passwords() -> None:
    settings = KafkaUrl.parse("kafka+ssl://one?ca=/a.pem&certificate=/c.pem&key=/k.pem").client()

    assert not [name for name in settings if name.startswith("sasl")]
    assert settings["ssl.ca.location"] == "/a.pem"
    assert settings["ssl.certificate.location"] == "/c.pem"
    assert settings["ssl.key.location"] == "/k.pem"


def test_what_a_new_topic_is_like_can_be_said() -> None:
    url = KafkaUrl.parse("kafka://one?partitions=48&replication=2")

    assert (48, 2) == (url.partitions, url.replication)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://one",
        "kafka://",
        "kafka://one,",
        "kafka://one:port",
        "kafka://one two",
        "kafka://one?color=red",
        "kafka://one?sasl=GSSAPI",
        "kafka://one?security=none",
        "kafka://one?partitions=0",
        "kafka://one?partitions=many",
        "kafka://one?replication=-1",
    ],
)
def test_what_cannot_be_meant_is_invalid(url: str) -> None:
    with pytest.raises(Invalid):
        KafkaUrl.parse(url)


def test_a_password_shows_neither_in_the_url_nor_in_an_error() -> None:
    url = KafkaUrl.parse("kafka://ali:sesame@one")

    with pytest.raises(Invalid) as refused:
        KafkaUrl.parse("kafka://ali:sesame@one:port")

    assert "sesame" not in f"{url!r} {url} {refused.value}"
