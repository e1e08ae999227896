"""What other systems stored, read as documents: LightRAG's stores, LangChain's and LlamaIndex's pgvector tables."""
