"""Text to a tree: the grammar, the lexer, the layout, the parser, and what builds the nodes."""
