"""What an editor asks about a file: where names are declared and used, what stands under the cursor, what may come next. Pure."""
