"""Compiled models: a trained model as plain arrays and named steps, which numpy alone runs.

Nothing in here imports scikit-learn, pandas or a pickle. `scienceops.compiling` makes them.
"""

from scienceops.compiled.program import Program, read_program, write_program

__all__ = ["Program", "read_program", "write_program"]
