"""ScienceOps: from a trained model to a watched service. Notebooks call `pack` and `load_data`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scienceops.packing import pack as pack
    from scienceops.packing.load_data import load_data as load_data

__all__ = ["load_data", "pack"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Both need pandas, and `pack` scikit-learn and pyarrow; a function must not pay for them.
    if name == "pack":
        from scienceops.packing import pack

        return pack
    if name == "load_data":
        from scienceops.packing.load_data import load_data

        return load_data
    raise AttributeError(f"module 'scienceops' has no attribute {name!r}")
