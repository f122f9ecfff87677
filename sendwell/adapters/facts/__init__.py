"""What servers tell about themselves. Only asks; what to think of it is decided elsewhere."""
