"""What the reference says before the operations begin."""

DESCRIPTION = """\
Every call but health and provider webhooks carries an API key: `Authorization: Bearer sw_…`, or
the header `X-API-Key`. A key stands for one tenant; nothing of another tenant can be seen. In
sample mode calls from this machine work without a key.

Errors are problem documents (RFC 9457, `application/problem+json`): `code` is stable, `detail` is
for people, `errors` points at each wrong field. Every answer has an `X-Request-ID`, a problem
document as `trace_id`, too; quote it when you ask for help.

Most lists are newest first. `next_cursor` is the `cursor` of the next page; it stays right while
things are added, and only where it is null was this the last one. Times are RFC 3339 in UTC. Send
an `Idempotency-Key` when you hand in notifications: what comes again is not sent again.
"""

TAGS = {
    "notifications": "Tell somebody something, and see what became of it.",
    "deliveries": "Stop what has not gone out yet.",
    "dead letters": "Deliveries that ended in failure: why, and again.",
    "quarantine": "What came by a bus and could not be taken: why, and its bytes.",
    "users": "People: their addresses, what they want to hear, and how.",
    "log-in": "People who look after themselves: a password, a session, what is their own.",
    "suppressions": "Addresses that must not be sent to, for all providers of a channel.",
    "topics": "What people can subscribe to, and who has.",
    "templates": "Named words in versions and languages.",
    "rules": "What an organization has decided: lanes, routes, limits, quota, budget, defaults.",
    "inbox": "Messages inside your own application.",
    "mailbox": "The dev mailbox: what would have been sent.",
    "tenants": "Organizations, for whoever runs the platform.",
    "operators": "Who administrates an organization, and as what.",
    "sessions": "Signing in: operators with a password or OIDC, programs with a key.",
    "api keys": "Keys of programs: scopes, environments, rotation.",
    "audit": "Who changed what, in a chain that shows tampering.",
    "receipts": "What providers say afterwards.",
    "health": "For load balancers and whoever is on call.",
}
"""In the order of the reference."""
