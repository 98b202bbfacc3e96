"""Calls of workflows and of imported functions."""
