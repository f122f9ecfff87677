"""Redis, as services use it together: what they tell each other, and what they remember."""
