"""Where several hosts keep what all of them read: result files, logs, and the folders of submitted runs (FLOW_STORAGE)."""
