"""Task -> render -> provider -> outcome: attempts, retry, failover, dead letters."""
