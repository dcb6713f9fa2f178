"""ScienceOps: from a trained model to a watched service. `pack` is what a notebook calls."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scienceops.packing import pack as pack

__all__ = ["pack"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # `pack` needs scikit-learn and pyarrow; a function must not pay for them.
    if name == "pack":
        from scienceops.packing import pack

        return pack
    raise AttributeError(f"module 'scienceops' has no attribute {name!r}")
