"""The dev mailbox: what every channel would have sent, for people and tests to look at."""
