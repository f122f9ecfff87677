"""How much tenants may hand in, counted where all limits are counted."""

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.bootstrap.core import Core
from sendwell.ports.limiter import Limiter
from sendwell.ports.tenants import Tenants
from sendwell.roles.gateway.quota import Quota
from sendwell.roles.gateway.quota_leases import SPARE, QuotaLeases
from sendwell.roles.gateway.recount import Recount
from sendwell.runtime.journal.intake import IntakeCounts
from sendwell.runtime.process import Worker
from sendwell.settings import MEMORY


def start_quota(core: Core, tenants: Tenants, limiter: Limiter) -> Quota:
    """The quotas; where nobody else counts, nothing is taken in advance."""
    is_alone = isinstance(limiter, MemoryLimiter)
    own = QuotaLeases(
        limiter, clock=core.clock, spare=0 if is_alone else SPARE, recount=_recount(core, limiter)
    )
    if "gateway" in core.settings.roles:
        core.process.start(Worker("quota", own.run, own.stop))
    return Quota(core.settings.rates.api, tenants.policy, own)


def _recount(core: Core, limiter: Limiter) -> Recount | None:
    """What a limiter in memory is told; not what came by a bus too, which no quota counts."""
    if not isinstance(limiter, MemoryLimiter) or core.settings.servers.broker.scheme != MEMORY:
        return None
    counts = IntakeCounts(core.database)
    return Recount(limiter, counts.between, began=core.clock.now())
