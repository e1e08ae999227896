"""From a question to ranked hits with evidence, a context and an answer."""
