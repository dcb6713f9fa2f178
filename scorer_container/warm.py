"""Warm: import what a scorer, or a job, starts with, so that an image holds it compiled.

python -m scorer_container.warm [MODULE]...
"""

import sys
from importlib import import_module

MODULES = (
    "scorer_container.__main__",
    "scorer_container.serve",
    "scorer_container.ship",
    "scorer_container.fast",
    "scorer_container.web",
    "scorer_container.protocols.arrow",
    "scorer_container.protocols.mlflow",
    "scienceops.running.compiled_runner",
    "scorer_container.health",
    "scienceops.adapters.engine.socket_object_store",
    "scienceops.bootstrap",
    "granian.server.mp",
    "pyarrow.parquet",
)


def main(more: list[str]) -> None:
    """Import them all; an image where one is missing fails to build, not to start."""
    for name in (*MODULES, *more):
        import_module(name)


if __name__ == "__main__":
    main(sys.argv[1:])
