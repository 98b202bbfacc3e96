"""What ruff and shellcheck find in the bodies of flow files, at its place in the file. Never on the way of a run."""
