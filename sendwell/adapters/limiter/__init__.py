"""Limiters: one file per place where the counting is done."""
