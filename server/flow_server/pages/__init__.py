"""What people see: pages that work without JavaScript."""
