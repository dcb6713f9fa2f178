"""Use cases: one verb per file; ports come in as arguments."""
