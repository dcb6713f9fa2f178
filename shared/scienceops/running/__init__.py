"""Running: load a package's model and score rows with it, the same way at packing and serving."""

from scienceops.running.load import load_model
from scienceops.running.runner import Runner, Scored, load_runner
from scienceops.running.shares import Shares

__all__ = ["Runner", "Scored", "Shares", "load_model", "load_runner"]
