"""Taking in what users bring: chat models, embedding models and documents of other makes."""

from __future__ import annotations

from lightrag_integrations.providers.adopt_chat import adopt_chat, check_chat
from lightrag_integrations.providers.adopt_embedder import adopt_embedder, check_embedder
from lightrag_integrations.providers.documents import adopt_document, adopt_documents

__all__ = ["adopt_chat", "adopt_document", "adopt_documents", "adopt_embedder", "check_chat", "check_embedder"]
