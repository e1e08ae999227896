"""Models from outside: OpenAI-compatible endpoints, framework objects, and the offline embedder."""
