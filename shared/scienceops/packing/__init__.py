"""Packing: from a trained model to a package zip, on the machine that trained it."""

from scienceops.packing.pack import pack

__all__ = ["pack"]
