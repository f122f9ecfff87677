"""What can be deployed alone: no role imports another."""
