"""Calls to scorers: what every platform whose scorers speak HTTP shares."""
