"""Adapters: what each platform does for the eight ports."""
