"""Batch: the rows of a large file, scored through a service piece by piece, each row once."""
