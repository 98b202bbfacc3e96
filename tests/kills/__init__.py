"""Real processes that are killed by -9 at random moments, over examples and over workflows made by chance."""
