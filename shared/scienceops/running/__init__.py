"""Running: load a package's model and score rows with it, the same way at packing and serving."""

from scienceops.running.load import load_model
from scienceops.running.runner import Runner, Scored, load_runner

__all__ = ["Runner", "Scored", "load_model", "load_runner"]
