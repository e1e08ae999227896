"""Knowledge-graph retrieval on PostgreSQL, as first-class LangChain and LlamaIndex components."""
