"""Why a Redis Cluster is none for limits, and who says so."""

import pytest

from sendwell.adapters.facts.redis import look_at_redis
from sendwell.adapters.limiter.redis import RedisLimiter
from sendwell.cli.diagnosis.finding import Level
from sendwell.cli.diagnosis.redis import judge_redis
from sendwell.domain.errors import Unavailable
from tests.conformance.limiters import NOW, OURS, PATIENCE, a_demand
from tests.services import redis
from tests.services.needs import needs

pytestmark = needs("redis")


async def test_a_node_of_a_cluster_cannot_count_limits_and_the_doctor_says_so() -> None:
    with redis.running(is_cluster=True) as server:
        server.ask("CLUSTER ADDSLOTSRANGE 0 16383")
        limiter = RedisLimiter(server.url, OURS, within=PATIENCE)
        with pytest.raises(Unavailable, match="CrossSlot"):
            await limiter.take([a_demand("global", "channel:sms")], NOW)
        await limiter.close()

        finding, *_ = judge_redis(await look_at_redis(server.url))

    assert Level.WRONG == finding.level
    assert "a node of a cluster" in finding.text
