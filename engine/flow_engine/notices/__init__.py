"""What is told to people: rules say of what, and by which way."""
