"""Inline Python bodies tried on sample values: what fails in every run, whatever the values are, is known before one."""
