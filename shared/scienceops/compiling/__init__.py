"""Compiling: lower a trained model to steps that need no scikit-learn.

Runs where a model is packed, beside scikit-learn; what serves never imports it.
"""

from scienceops.compiling.compile import compile_model
from scienceops.compiling.registry import CannotCompile

__all__ = ["CannotCompile", "compile_model"]
