"""Schedules: when a workflow's runs are due."""
