"""Stand-ins for what tests cannot reach: an OpenAI-compatible endpoint on this machine."""
