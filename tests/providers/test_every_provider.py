"""What holds for every vendor, however it behaves; a new vendor's file is visited by itself."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import rich.pretty

from sendwell.domain.ids import ProviderName
from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Refused, Unknown
from sendwell.messages.requested import Content
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.vendor import AccountCredentials, Means, Vendor
from sendwell.providers import discovery
from tests.providers.accounts import SIMULATORS, a_provider, a_reader, now
from tests.providers.builders import an_outgoing
from tests.simulators.hooks import Hook
from tests.simulators.sendgrid import SendGridSimulator
from tests.simulators.troubles import (
    Broken,
    Cut,
    Huge,
    Instead,
    Lost,
    Reply,
    Silent,
    Trouble,
    elsewhere,
    failing,
    page,
    throttled,
)
from tests.simulators.twilio import TwilioSimulator

NOT_BY_HTTP = {"smtp"}
RECEIPTS_AT = "https://notify.example/webhooks/vendor/main"

JSON = {"content-type": "application/json"}
TROUBLES: dict[str, tuple[Trouble, type[Outcome]]] = {
    "it never answers": (Silent(), Unknown),
    "it throttles": (throttled("7"), Deferred),
    "it throttles without saying how long": (throttled(), Deferred),
    "it fails with 500": (failing(500), Deferred),
    "it fails with 502": (failing(502), Unknown),
    "it fails with 503": (failing(503), Deferred),
    "it fails with 504": (failing(504), Unknown),
    "it takes it and a gateway answers 504": (Instead(Reply(504), is_taken=True), Unknown),
    "it takes it and hangs up": (Lost(), Unknown),
    "what it answers is no HTTP": (Broken(b"\x16\x03\x01\x02\x00 no\r\n\r\n"), Unknown),
    "a 200 is a page for people": (page(200), Unknown),
    "a 200 is JSON that ends early": (Instead(Reply(200, b'{"name": "x', JSON)), Unknown),
    "a 200 is JSON of another shape": (Instead(Reply(200, b"[[[[]]]]", JSON)), Unknown),
    "a 200 is an error": (Instead(Reply(200, b'{"error": "no"}', JSON)), Unknown),
    "a 200 never ends": (Huge(), Unknown),
    "a 200 breaks off": (Cut(Reply(200, b"{...}", JSON)), Unknown),
    "a 400 is a page for people": (page(400), Refused),
    "a 401 is a page for people": (page(401), Refused),
    "a 403 is a page for people": (page(403), Refused),
    "a 404 is a page for people": (page(404), Refused),
    "a 400 is JSON of another shape": (Instead(Reply(400, b'{"error": 5}', JSON)), Refused),
    "a 400 is not even text": (Instead(Reply(400, b"\xff\xfe\x00{", JSON)), Refused),
    "it redirects": (elsewhere(), Refused),
}
_REFUSALS = [case for case, (_, usual) in TROUBLES.items() if usual is Refused]
EXCEPTIONS: dict[tuple[str, str], type[Outcome]] = {
    # whatever a recipient's endpoint refuses may be taken when it is mended
    **{("standard", case): Deferred for case in _REFUSALS},
    # any 2xx of a recipient's endpoint means that it has the message
    ("standard", "a 200 is a page for people"): Accepted,
    ("standard", "a 200 is JSON that ends early"): Accepted,
    ("standard", "a 200 is JSON of another shape"): Accepted,
    ("standard", "a 200 is an error"): Accepted,
    ("standard", "a 200 never ends"): Accepted,
    ("standard", "a 200 breaks off"): Accepted,
    # the access token may have ended: the next attempt brings a new one
    ("fcm", "a 401 is a page for people"): Deferred,
}

BACK_OFF_IS_ENOUGH = {
    "twilio",  # too many at the same time: "wait for a short period" (its error 20429)
    "standard",  # somebody's endpoint, which has 24 attempts
}

every_vendor = pytest.mark.parametrize("name", sorted(SIMULATORS))


@dataclass(frozen=True)
class Impatient:
    """The real client, with less patience than the vendors' requests ask for."""

    http: Http

    async def exchange(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        return await self.http.exchange(request._replace(timeout=timedelta(seconds=0.3)))

    async def close(self) -> None:
        await self.http.close()


@pytest.mark.parametrize("name", sorted(discovery.vendors()))
def test_a_vendors_file_declares_what_everything_else_is_derived_from(name: str) -> None:
    entry = discovery.vendors()[ProviderName(name)]

    vendor = discovery.load(entry)

    module = __import__(entry.module, fromlist=["VENDOR"])
    first_line = (module.__doc__ or "").strip().splitlines()[0]
    assert isinstance(vendor, Vendor)
    assert entry.module == f"sendwell.providers.{vendor.channel}.{vendor.name}"
    assert (vendor.name, vendor.channel) == (module.NAME, module.CHANNEL)
    assert issubclass(vendor.credentials, AccountCredentials)
    assert "https://" in first_line


def test_every_vendor_is_visited_by_this_suite() -> None:
    assert set(discovery.vendors()) - NOT_BY_HTTP == set(SIMULATORS)


@every_vendor
async def test_what_is_accepted_has_reached_the_vendor(name: str, means: Means) -> None:
    async with SIMULATORS[name]() as simulator:
        provider = a_provider(name, simulator, means)

        outcome = await provider.send(an_outgoing(address=simulator.address))

        assert isinstance(outcome, Accepted)
        assert b"1234" in simulator.calls[-1].body


@every_vendor
@pytest.mark.parametrize("case", TROUBLES)
async def test_trouble_comes_out_as_an_outcome(name: str, case: str, means: Means) -> None:
    trouble, usual = TROUBLES[case]
    async with SIMULATORS[name]() as simulator:
        simulator.fail_next(trouble)
        provider = a_provider(name, simulator, _impatient(means) if trouble == Silent() else means)

        outcome = await provider.send(an_outgoing(address=simulator.address))

        assert isinstance(outcome, EXCEPTIONS.get((name, case), usual))


@every_vendor
async def test_an_answer_that_ends_in_the_middle_is_no_acceptance(name: str, means: Means) -> None:
    async with SIMULATORS[name]() as simulator:
        simulator.fail_next(Cut())
        provider = a_provider(name, simulator, means)

        outcome = await provider.send(an_outgoing(address=simulator.address))

        assert isinstance(outcome, Unknown)


@every_vendor
async def test_the_wait_that_a_vendor_asks_for_is_passed_on(name: str, means: Means) -> None:
    async with SIMULATORS[name]() as simulator:
        simulator.fail_next(throttled("7"))
        provider = a_provider(name, simulator, means)

        outcome = await provider.send(an_outgoing(address=simulator.address))

        assert isinstance(outcome, Deferred)
        assert outcome.wait == timedelta(seconds=7)


@every_vendor
async def test_one_that_throttles_is_left_alone_as_long_as_its_documentation_asks(
    name: str, means: Means
) -> None:
    async with SIMULATORS[name]() as simulator:
        simulator.fail_next(throttled())
        provider = a_provider(name, simulator, means)

        outcome = await provider.send(an_outgoing(address=simulator.address))

        assert isinstance(outcome, Deferred)
        assert outcome.wait == (None if name in BACK_OFF_IS_ENOUGH else timedelta(minutes=1))


@every_vendor
async def test_after_trouble_the_next_attempt_is_accepted(name: str, means: Means) -> None:
    async with SIMULATORS[name]() as simulator:
        simulator.fail_next(failing(), Lost(), page(401))
        provider = a_provider(name, simulator, means)
        outgoing = an_outgoing(address=simulator.address)

        outcomes = [await provider.send(outgoing) for _ in range(4)]

        assert isinstance(outcomes[-1], Accepted)


@every_vendor
async def test_no_fault_quotes_the_recipient(name: str, means: Means) -> None:
    async with SIMULATORS[name]() as simulator:
        quoted = f'{{"code": 21211, "message": "no {simulator.address}", "errors": [{{"message": '
        quoted += f'"no {simulator.address}"}}], "error": {{"message": "no {simulator.address}"}}}}'
        simulator.fail_next(Instead(Reply(400, quoted.encode(), JSON)))
        provider = a_provider(name, simulator, means)

        outcome = await provider.send(an_outgoing(address=simulator.address))

        assert not isinstance(outcome, Accepted)
        assert simulator.address not in outcome.fault.text


@every_vendor
async def test_what_a_vendor_can_never_take_is_refused_without_a_call(
    name: str, means: Means
) -> None:
    async with SIMULATORS[name]() as simulator:
        provider = a_provider(name, simulator, means)
        too_much = b'{"much": "' + b"x" * 30_000 + b'"}'
        impossible = an_outgoing(address=simulator.address, content=Content(), metadata=too_much)

        outcome = await provider.send(impossible)

        assert isinstance(outcome, Refused)
        assert outcome.fault.blame is Blame.CONTENT
        assert simulator.calls == []


@every_vendor
async def test_printing_credentials_shows_no_secret(name: str) -> None:
    async with SIMULATORS[name]() as simulator:
        vendor = discovery.load(discovery.vendors()[ProviderName(name)])

        credentials = vendor.parse(json.dumps(simulator.credentials))

        shown = repr(credentials) + str(credentials) + rich.pretty.pretty_repr(credentials)
        assert not [secret for secret in _texts(simulator.credentials) if secret in shown]


@pytest.mark.parametrize("simulated", [SendGridSimulator, TwilioSimulator])
async def test_a_repeated_receipt_has_the_same_event_id_and_others_have_others(
    simulated: type[SendGridSimulator | TwilioSimulator], means: Means
) -> None:
    name = next(name for name, known in SIMULATORS.items() if known is simulated)
    async with simulated() as simulator:
        provider = a_provider(name, simulator, means)
        for number in range(3):
            await provider.send(an_outgoing(address=simulator.address, key=f"order-{number}"))
        hooks = simulator.receipts(RECEIPTS_AT)

        once = _event_ids(name, simulator, hooks)
        again = _event_ids(name, simulator, list(reversed(hooks)))

        assert len(once) == 3
        assert once == again


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for inner in value.values() for text in _texts(inner)]
        case list():
            return [text for inner in value for text in _texts(inner)]
        case _:
            return []


def _event_ids(
    name: str, simulator: SendGridSimulator | TwilioSimulator, hooks: list[Hook]
) -> set[str]:
    reader = a_reader(name, simulator)
    return {
        receipt.event_id
        for hook in hooks
        for receipt in reader.read(url=hook.url, headers=hook.headers, body=hook.body, now=now())
    }


def _impatient(means: Means) -> Means:
    return replace(means, http=Impatient(means.http), guarded_http=Impatient(means.guarded_http))
