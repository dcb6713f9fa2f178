"""The statistics job: `python -m stats_job --manifest KEY [--engine auto|inline|spark]`."""

import argparse
import json
import sys
from collections.abc import Sequence

from scienceops.bootstrap import connect_objects, connect_statistics
from scienceops.config import load_settings
from scienceops.logs import configure_logs
from scienceops.ports.object_store import ObjectStore
from stats_job.read import Partials, PartitionOrder
from stats_job.run import choose_engine, execute, read_run


def main() -> int:
    """Compute what the manifest names and print what it came to."""
    parser = argparse.ArgumentParser(prog="stats_job")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--engine", choices=["auto", "inline", "spark"], default="auto")
    arguments = parser.parse_args()
    configure_logs()
    settings = load_settings()
    bucket = connect_objects(settings)
    run = read_run(arguments.manifest, bucket)
    engine = choose_engine(arguments.engine, run, bucket)

    def objects() -> ObjectStore:
        return connect_objects(settings)

    def summarise(orders: Sequence[PartitionOrder]) -> list[Partials]:
        if engine == "spark":
            from stats_job.spark import summarise_spark

            return summarise_spark(orders, objects)
        from stats_job.inline import summarise_inline

        return summarise_inline(orders, bucket)

    result = execute(run, engine, summarise, bucket, connect_statistics(settings))
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
