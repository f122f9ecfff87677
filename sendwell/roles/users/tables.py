"""People, what they chose, and the addresses that must not be sent to.

What is personal stands in one envelope column (`body`); `key_id` beside it is kept free for the key
that may encrypt it one day. Times are microseconds since 1970.

MySQL takes no BLOB into a key, and its BLOB and TEXT end at 64 KiB unless they are told a length.
"""

from sqlalchemy import (
    VARBINARY,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from sendwell.runtime.login_tries import login_tries

METADATA = MetaData()

_LONGEST = 2**24 - 1
Hash = LargeBinary(16).with_variant(VARBINARY(16), "mysql")
Envelope = LargeBinary().with_variant(LargeBinary(_LONGEST), "mysql")
Json = Text().with_variant(Text(_LONGEST), "mysql")

PERSON = Table(
    "person",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("key_id", String(64)),
    Column("body", Envelope, nullable=False),
    Column("preferences", Json, nullable=False),
    Column("last_token", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "user_id"),
)
"""`last_token` is the highest number that a push token of the person ever had."""

PUSH_TOKEN = Table(
    "push_token",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("number", Integer, nullable=False),
    Column("token_hash", Hash, nullable=False),
    Column("key_id", String(64)),
    Column("body", Envelope, nullable=False),
    Column("platform", String(16)),
    Column("last_seen", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "user_id", "number"),
    Index("push_token_hash", "tenant", "token_hash", unique=True),
)

SUPPRESSION = Table(
    "suppression",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("address_hash", Hash, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("reason", String(255)),
    Column("at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("source", String(32)),
    Column("key_id", String(64)),
    Column("body", Envelope),
    PrimaryKeyConstraint("tenant", "address_hash"),
    Index("suppression_changed", "tenant", "changed_at"),
)
"""A row without a reason was lifted. It stays, so that whoever reads what has changed since
`changed_at` hears of that too. The body is the address, where it is known to whoever lists them."""

CONTACT = Table(
    "contact",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("address_hash", Hash, nullable=False),
    Column("verified_at", BigInteger),
    Column("verified_how", String(255)),
    PrimaryKeyConstraint("tenant", "user_id", "channel"),
    Index("contact_address", "tenant", "address_hash"),
)
"""Whose an address is, and since when that is certain; the address itself stands in the person."""

TOPIC = Table(
    "topic",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("topic", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("is_opt_in", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "topic"),
)
"""What people can subscribe to. Keys are paths: news/sport lies below news."""

SUBSCRIPTION = Table(
    "subscription",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("topic", String(255), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "topic", "user_id"),
    Index("subscription_person", "tenant", "user_id"),
)
"""Who has chosen a topic: what stands in the preferences, by topic."""

CONSENT = Table(
    "consent",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("channel", String(32)),
    Column("category", String(64)),
    Column("topic", String(255)),
    Column("is_given", Boolean, nullable=False),
    Column("source", String(32), nullable=False),
    Column("actor", String(255), nullable=False),
    Column("key_id", String(64)),
    Column("body", Envelope, nullable=False),
    PrimaryKeyConstraint("tenant", "user_id", "number"),
)
"""What a person agreed to and took back: facts, appended and never changed. Absent channel,
category or topic: any. The body has the wording they saw and what proves it."""

TOMBSTONE = Table(
    "tombstone",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_hash", Hash, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "user_hash"),
)
"""Who was erased: nothing that comes late brings them back."""

ERASURE = Table(
    "erasure",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("id", String(36), nullable=False),
    Column("key_id", String(64)),
    Column("body", Envelope),
    Column("asked_by", String(255), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("progress", Json, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
    Index("erasure_done", "done_at"),
)
"""A person who is being erased. The body says who, and goes when nobody has anything left."""

IMPORT = Table(
    "people_import",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("id", String(36), nullable=False),
    Column("state", String(16), nullable=False),
    Column("options", Json, nullable=False),
    Column("total_bytes", BigInteger),
    Column("bytes_done", BigInteger, nullable=False),
    Column("lines_done", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("started_by", String(255), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "id"),
)
"""A file of people on its way in, and up to where it is stored."""

IMPORT_FLAW = Table(
    "people_import_flaw",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("import_id", String(36), nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("field", String(255), nullable=False),
    Column("why", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "import_id", "line", "number"),
)
"""What is wrong with a line of a file."""

PERSON_LOGIN = Table(
    "person_login",
    METADATA,
    Column("tenant", String(64), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("sessions_from", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant", "user_id"),
)
"""A person's password. Sessions that began before `sessions_from` have ended."""

PERSON_TRY = login_tries("person_try", METADATA)
