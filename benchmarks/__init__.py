"""What Sendwell reaches, beside what the machine can do and what a peer does. See README.md."""
