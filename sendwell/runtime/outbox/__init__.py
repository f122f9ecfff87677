"""What is to be published: stored with the writes that it tells of, gone when a broker has it."""
