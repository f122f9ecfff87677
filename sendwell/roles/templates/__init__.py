"""Templates: what is said, in immutable versions with a body for each channel and locale."""
