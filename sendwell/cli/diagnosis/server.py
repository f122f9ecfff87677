"""Is there a Sendwell at the address, and is it ready? If not, could there be one?"""

from sendwell.cli.client import Client, is_loopback
from sendwell.cli.diagnosis.finding import Finding, wrong
from sendwell.domain.errors import SendwellError

_TOPIC = "server"
_STOPPED = (
    "Its log says why. What passes by itself, as a broker that is away, needs nothing more; else"
    " restart it: nothing that was accepted is lost."
)
_DATABASE_AWAY = (
    "Look at its database: it goes on by itself when it can be written to again. Do not restart it:"
    " nobody starts without one."
)


def look_at_server(client: Client) -> Finding:
    """What answers at the client's address."""
    try:
        said = client.ready()
    except SendwellError as error:
        return _nobody(client.url, error)
    if "stopped" not in said:
        return _somebody_else(client.url)
    if said.get("status") == "ok":
        return Finding(_TOPIC, f"Sendwell answers at {client.url} and is ready.")
    if said["stopped"]:
        return wrong(
            _TOPIC,
            f"Sendwell answers at {client.url}, but is not ready: {', '.join(said['stopped'])}.",
            _DATABASE_AWAY if "database" in said["stopped"] else _STOPPED,
        )
    return wrong(_TOPIC, f"Sendwell at {client.url} is {said.get('status')}.", "Wait for it.")


def _nobody(url: str, error: SendwellError) -> Finding:
    if isinstance(error.__cause__, ConnectionRefusedError) and is_loopback(url):
        return Finding(_TOPIC, f"Nothing listens at {url}: the port is free for `sendwell up`.")
    if not isinstance(error.__cause__, OSError):
        return _somebody_else(url)
    return wrong(_TOPIC, error.message, "Look at the address, the network and the firewall.")


def _somebody_else(url: str) -> Finding:
    return wrong(
        _TOPIC,
        f"Something else than Sendwell answers at {url}.",
        "Stop it, or take another port: `sendwell up --port 8001`.",
    )
