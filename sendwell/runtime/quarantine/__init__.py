"""Messages that could not be taken, kept byte for byte until somebody has looked at them."""
