"""People: addresses, push tokens, preferences, and the addresses that must not be sent to."""
