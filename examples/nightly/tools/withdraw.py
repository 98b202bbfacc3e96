"""Takes a published table back."""

import sys

print(f"withdrawn: {sys.argv[1]}")
