"""Mirrors: stores of other makes that follow an index, made from what PostgreSQL holds."""
