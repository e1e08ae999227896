"""Files to documents: one small module for each family of formats."""

from __future__ import annotations

from lightrag_integrations.cli.readers.errors import ReadError
from lightrag_integrations.cli.readers.files import SUFFIXES, find_files, read_file, read_paths

__all__ = ["SUFFIXES", "ReadError", "find_files", "read_file", "read_paths"]
