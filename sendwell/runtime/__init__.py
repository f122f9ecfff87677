"""Runs any role and knows none: batches, transactions, timers, start and stop."""
