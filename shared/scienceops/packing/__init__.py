"""Packing: from a trained model to a package zip, on the machine that trained it."""

from scienceops.packing.classic import PackedClassic, pack_classic
from scienceops.packing.pack import pack

__all__ = ["PackedClassic", "pack", "pack_classic"]
