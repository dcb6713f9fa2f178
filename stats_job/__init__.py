"""The statistics job: read captures, summarise, compare, write."""
