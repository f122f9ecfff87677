"""Databases: engines and connections. Statements stand in the roles' stores."""
