"""Training: the jobs of a retraining, each a program that reads a frozen order."""
