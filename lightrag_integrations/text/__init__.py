"""Pure text work: splitting, tokens, names, terms. No model, no database."""
