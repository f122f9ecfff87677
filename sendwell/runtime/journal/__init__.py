"""The journal: what was accepted and what became of it, written once and appended."""
