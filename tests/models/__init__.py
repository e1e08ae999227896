"""Real models: not collected, as they take weights and minutes."""
