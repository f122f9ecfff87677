"""The closed set of metrics: each says what it tells an operator.

Base units, counters end in `_total`, no ids and no personal data in labels.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

ACCEPTED = Counter(
    "sendwell_notifications_accepted_total",
    "Notifications stored; what the producers have been promised.",
    ["lane"],
    registry=REGISTRY,
)
MOVES = Counter(
    "sendwell_delivery_moves_total",
    "Moves of deliveries; FAILED against SENT is the error rate (alert above 5 %).",
    ["channel", "state"],
    registry=REGISTRY,
)
LATENCY = Histogram(
    "sendwell_delivery_latency_seconds",
    "From when it might go out to SENT; the lane critical is promised p99 below 1 s.",
    ["channel", "lane"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
    registry=REGISTRY,
)
UNPLANNED = Gauge(
    "sendwell_unplanned_notifications",
    "Accepted and not planned yet, in memory: all urgent ones, others up to about 4,000; growth"
    " means that planning does not keep up.",
    registry=REGISTRY,
)
READY = Gauge(
    "sendwell_ready_deliveries",
    "Deliveries in memory that may go out now, by channel; the rest waits on disk.",
    ["channel"],
    registry=REGISTRY,
)
BREAKER_OPEN = Gauge(
    "sendwell_breaker_open",
    "1 while a provider account is spared after failures in a row.",
    ["channel", "provider"],
    registry=REGISTRY,
)
DEAD = Counter(
    "sendwell_dead_letters_total",
    "Deliveries given up, by cause; someone should look (alert above 1,000 open).",
    ["channel", "cause"],
    registry=REGISTRY,
)
LIMITER_OUTAGES = Counter(
    "sendwell_limiter_outages_total",
    "Times the shared limiter could not be asked: each process then keeps its share by itself.",
    registry=REGISTRY,
)
ANSWERS = Counter(
    "sendwell_answers_total",
    "What services know of each other, by who knew it: few from `service` means that it is spared.",
    ["about", "source"],
    registry=REGISTRY,
)
CACHE_OUTAGES = Counter(
    "sendwell_cache_outages_total",
    "Times the cache that services share could not be asked: they ask each other then.",
    registry=REGISTRY,
)
QUARANTINED = Counter(
    "sendwell_quarantined_messages_total",
    "Messages from a bus that could not be taken, by reason; their producers should be told.",
    ["reason"],
    registry=REGISTRY,
)
OUTBOX = Gauge(
    "sendwell_outbox_letters",
    "Letters in memory, up to about 5,000, that no broker has confirmed; growth means that it is"
    " away.",
    registry=REGISTRY,
)
