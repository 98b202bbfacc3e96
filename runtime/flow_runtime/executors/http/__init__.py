"""HTTP: requests of `http` bodies and of notifications. Imported when the first such body runs, so that other runs do not pay for it."""
