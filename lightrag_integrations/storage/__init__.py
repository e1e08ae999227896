"""PostgreSQL: the store, and the embedded server."""
