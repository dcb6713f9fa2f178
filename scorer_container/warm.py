"""Warm: import what a scorer, or a job, starts with, so that an image holds it compiled.

python -m scorer_container.warm [MODULE]...
"""

import sys
from importlib import import_module
from importlib.util import find_spec

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
    "scorer_container.server",
    "pyarrow.parquet",
)
#: Adapters of a cloud, in images made for it: what such a scorer starts with besides.
OF_CLOUDS = {
    "scienceops.adapters.aws": (
        "scienceops.adapters.aws.object_store",
        "scorer_container.on_lambda",
    ),
    "scienceops.adapters.azure": (
        "scienceops.adapters.azure.object_store",
        "azure.monitor.opentelemetry.exporter",
    ),
}


def main(more: list[str]) -> None:
    """Import them all; an image where one is missing fails to build, not to start."""
    here = (names for adapters, names in OF_CLOUDS.items() if find_spec(adapters))
    for name in (*MODULES, *(name for names in here for name in names), *more):
        import_module(name)


if __name__ == "__main__":
    main(sys.argv[1:])
