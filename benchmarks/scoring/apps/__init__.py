"""Apps that the benchmark's servers run; each is imported in its server's own environment."""
