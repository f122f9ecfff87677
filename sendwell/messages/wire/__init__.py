"""The public edge of the bus: what producers write and others read, preset by preset."""
