"""What is to be said about a Redis. Pure: it decides over facts that were asked for before."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sendwell.cli.diagnosis.finding import Finding, note, wrong

if TYPE_CHECKING:
    from sendwell.adapters.facts.redis import RedisFacts

_TOPIC = "cache"
_LEAST_VERSION = 6
_FULL = 0.9


def judge_redis(facts: "RedisFacts") -> Iterator[Finding]:
    """All findings."""
    if int(facts.version.partition(".")[0]) < _LEAST_VERSION:
        yield wrong(
            _TOPIC, f"Redis {facts.version} is too old.", f"Take {_LEAST_VERSION} or newer."
        )
    elif facts.is_cluster:
        yield wrong(
            _TOPIC,
            f"This Redis {facts.version} is a node of a cluster, where no limits can be asked"
            " together: each process counts alone.",
            "Let CACHE_URL name a Redis that is no cluster.",
        )
    elif facts.role != "master":
        yield wrong(
            _TOPIC,
            f"This Redis {facts.version} is a replica: nothing can be written there.",
            "Let CACHE_URL name the primary.",
        )
    else:
        yield Finding(_TOPIC, f"Redis {facts.version} answers in {facts.latency_ms:.1f} ms.")
    yield from _memory(facts)


def _memory(facts: "RedisFacts") -> Iterator[Finding]:
    if facts.most_bytes and facts.policy != "noeviction":
        yield note(
            _TOPIC,
            f"When its memory is full it forgets keys ({facts.policy}): limits then begin anew.",
            "Set maxmemory-policy noeviction, and give it memory enough or a server of its own.",
        )
    if facts.most_bytes and facts.used_bytes > _FULL * facts.most_bytes:
        yield note(
            _TOPIC,
            f"Its memory is nearly full: {facts.used_bytes / 1e6:,.0f} of"
            f" {facts.most_bytes / 1e6:,.0f} MB.",
            "Raise maxmemory.",
        )
