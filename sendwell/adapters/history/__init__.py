"""Where history is kept beside the journal."""
