"""Spark engine: Spark schedules groups of segments, numpy summarises each, few partials return."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from scienceops.core.stats.codec import from_parquet, to_parquet
from scienceops.core.stats.quality import Quality
from scienceops.ports.object_store import ObjectStore
from stats_job.inline import chunks
from stats_job.java import find_java
from stats_job.read import (
    Labels,
    Partials,
    PartitionOrder,
    merge_partials,
    read_labels,
    read_partials,
)

#: Each is set where Spark started this process: by spark-submit and EMR, by Databricks.
SUBMITTED, DATABRICKS = "PYSPARK_GATEWAY_PORT", "DATABRICKS_RUNTIME_VERSION"
SCHEMA = "partition int, columns binary, quality string, unread string"


def summarise_spark(
    orders: Sequence[PartitionOrder], connect_objects: Callable[[], ObjectStore]
) -> list[Partials]:
    """The partials of each partition; each task makes its own bucket by `connect_objects`."""
    if not orders:
        return []
    groups = [(i, keys) for i, order in enumerate(orders) for keys in chunks(order.keys)]
    given = DATABRICKS in os.environ or SUBMITTED in os.environ
    session = _given_session() if given else _session()
    try:
        plan = session.createDataFrame(list(enumerate(i for i, _ in groups)), "g int, p int")
        # One task per group: a group is the unit of work, whatever Spark would guess.
        spread = plan.repartition(min(len(groups), 256), "g")

        def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            objects = connect_objects()
            parts: dict[int, list[Partials]] = {}
            labels: dict[int, Labels] = {}
            for batch in batches:
                for group in batch.column(0).to_pylist():
                    index, keys = groups[group]
                    order = orders[index]
                    if index not in labels:
                        labels[index] = read_labels(order, objects)
                    found = read_partials(order, keys, labels[index], objects)
                    parts.setdefault(index, []).append(found)
            for index, several in parts.items():
                merged = merge_partials(several)
                yield pa.RecordBatch.from_arrays(
                    [
                        pa.array([index], pa.int32()),
                        pa.array([to_parquet(merged.columns)], pa.binary()),
                        pa.array([merged.quality.to_json()], pa.string()),
                        pa.array([json.dumps(merged.unread)], pa.string()),
                    ],
                    names=["partition", "columns", "quality", "unread"],
                )

        returned: dict[int, list[Partials]] = {}
        for row in spread.mapInArrow(work, SCHEMA).collect():
            columns = from_parquet(bytes(row["columns"]))
            quality = Quality.from_json(row["quality"])
            part = Partials(columns, quality, json.loads(row["unread"]))
            returned.setdefault(row["partition"], []).append(part)
    finally:
        # Databricks ends the session that it gave us, and takes it for a failure when we do.
        if DATABRICKS not in os.environ:
            session.stop()
    return [merge_partials(returned[index]) for index in range(len(orders))]


def _given_session() -> Any:
    """The session of the cluster that this process is the driver of."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.appName("scienceops-statistics").getOrCreate()


def _session() -> Any:
    os.environ["JAVA_HOME"] = find_java()
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    # The workers import what this process imports.
    os.environ["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    from pyspark.sql import SparkSession

    scratch = tempfile.mkdtemp(prefix="scienceops-spark-")
    session = (
        SparkSession.builder.appName("scienceops-statistics")
        .config("spark.master", os.environ.get("SPARK_MASTER", "local[*]"))
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.warehouse.dir", scratch)
        .config("spark.local.dir", scratch)
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return session
