"""A seeded simulator of the engine: the real decisions and stores, an invented world around them."""
