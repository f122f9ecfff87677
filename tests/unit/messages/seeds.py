"""The messages by which the contracts of two presets were given to us, word for word.

The presets come from designs of notification services; their number is in the name: 000 became
`tenant`, 002 `intents`, 003 `lanes` and 004 `direct`. The ellipsis of one message and the shell
around the other are left out."""

SEED_000 = b"""{
  "notificationId": "uuid",
  "organizationId": "uuid",
  "eventType": "USER_REGISTERED",
  "channel": "EMAIL",
  "recipient": "user@example.com",
  "payload": {
    "name": "John",
    "link": "https://example.com"
  },
  "createdAt": "2025-01-01T10:00:00Z"
}
"""

SEED_003 = b"""{
    "user_id": "user-001",
    "event_type": "security_alert",
    "content": "Suspicious login attempt detected from a new device",
    "metadata": {
      "device": "Unknown iPhone",
      "location": "Somewhere in the world",
      "ip_address": "203.0.113.42",
      "timestamp": 1735725600
    }
  }"""
