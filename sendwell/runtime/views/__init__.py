"""Our tables as other systems know them: views on PostgreSQL with columns that people expect."""
