"""Intake: what producers send becomes `Requested`, once, durably, or a clear refusal."""
