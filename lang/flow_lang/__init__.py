"""The .flow language: text to a checked, typed plan. Pure: no clock, environment or network."""
