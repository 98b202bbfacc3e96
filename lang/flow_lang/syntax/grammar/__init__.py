"""The grammar of the language: flow.lark, and the tables made of it."""
