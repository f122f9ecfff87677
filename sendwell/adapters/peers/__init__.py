"""The ports of roles that run in other services: asked over HTTP, remembered for a moment."""
