"""Where runs are kept, as the commands see it: the local state, or a server."""
