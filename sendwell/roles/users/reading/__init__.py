"""Files of people: bytes turned into records, and records into documents. Pure."""
