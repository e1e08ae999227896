"""Calls to models: counted, bounded, retried, and coaxed into structured answers."""
