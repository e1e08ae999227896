"""Tracers that hand spans to systems of others; each imports its own package when it is made."""
