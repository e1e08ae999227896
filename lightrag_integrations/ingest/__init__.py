"""From documents to contributions: split, extract, validate, embed, store."""
