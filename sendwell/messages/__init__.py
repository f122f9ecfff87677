"""What crosses the bus: one file per message, versioned; fields are only ever added."""
