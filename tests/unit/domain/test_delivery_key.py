import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.ids import ChannelName, NotificationId, Part, TenantId

ACME, OTHER = TenantId("acme"), TenantId("other")
MADE = NotificationId("0198d2a4-7c1e-7b52-9d0a-4f5e6a7b8c9d")
CHOSEN = NotificationId("order-7")
EMAIL = Part(0, ChannelName("email"))

tenants = st.text(min_size=1, max_size=20).map(TenantId)
ids = st.from_regex(r"[A-Za-z0-9_:-]{1,64}", fullmatch=True).map(NotificationId)


def test_an_id_that_sendwell_has_made_is_a_name_in_the_whole_world() -> None:
    assert f"{MADE}.0.email" == str(DeliveryKey.of(ACME, MADE, EMAIL))


def test_an_id_in_a_producers_own_words_is_so_together_with_whose_it_is() -> None:
    key = DeliveryKey.of(ACME, CHOSEN, EMAIL)

    assert f"order-7~{key.mark}.0.email" == str(key)
    assert key.mark == "302657b33c4da281"  # the same for ever: mail is out that bears it


@pytest.mark.parametrize(
    "near", [MADE.upper(), f"{MADE}0", MADE.replace("-7b", "-4b"), MADE.replace("-9d", "-1d")]
)
def test_what_only_looks_like_one_that_sendwell_made_is_a_producers(near: str) -> None:
    assert DeliveryKey.of(ACME, NotificationId(near), EMAIL).mark


@given(tenants, tenants, ids)
def test_two_tenants_never_share_a_key(one: TenantId, other: TenantId, id_: NotificationId) -> None:
    keys = {str(DeliveryKey.of(tenant, id_, EMAIL)) for tenant in (one, other)}

    assert len({one, other}) == len(keys)


@given(tenants, ids)
def test_what_was_written_is_read_again(tenant: TenantId, id_: NotificationId) -> None:
    key = DeliveryKey.of(tenant, id_, EMAIL)

    assert key == DeliveryKey.parse(str(key))


@pytest.mark.parametrize(
    "text", ["", "order-7", ".0.email", "~1f.0.email", "order-7.email", "somebody else's", "a~b"]
)
def test_what_others_call_their_mail_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        DeliveryKey.parse(text)


@pytest.mark.parametrize("id_", [MADE, CHOSEN])
def test_a_key_is_its_own_tenants(id_: NotificationId) -> None:
    assert DeliveryKey.of(ACME, id_, EMAIL).may_be_of(ACME)


def test_a_key_in_a_producers_own_words_is_no_other_tenants() -> None:
    assert not DeliveryKey.of(ACME, CHOSEN, EMAIL).may_be_of(OTHER)


def test_a_key_from_before_there_were_marks_may_be_anybodys() -> None:
    old = DeliveryKey.parse("order-7.0.email")

    assert (old.may_be_of(ACME), old.may_be_of(OTHER)) == (True, True)
