"""Browser pages and the API reference. They talk to roles through the HTTP API, as everybody."""
