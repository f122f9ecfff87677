"""Sendwell: tell a person, or an audience, something; never twice, never lost, provable."""

__version__ = "0.1.0"
