"""The language server for .flow files."""
