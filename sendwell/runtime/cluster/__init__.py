"""Several processes on one database: who is there, and who does what a dead one has left."""
