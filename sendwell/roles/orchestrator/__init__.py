"""Requested -> plan -> Task: audience, consent, quiet hours, schedule, fallback channel."""
