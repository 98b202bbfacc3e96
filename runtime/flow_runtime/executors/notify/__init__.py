"""Notifications: a webhook or a mail, really sent, and retried as any other task."""
