"""The requests that the contracts of two presets give as their examples, word for word."""

TENANT_REQUEST = b"""{
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

LANES_REQUEST = b"""{
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
