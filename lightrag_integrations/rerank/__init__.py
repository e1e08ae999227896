"""Rerankers: hits in, hits out with new scores. By words, by a chat model, by an endpoint, by a cross-encoder."""
