"""Order: what a retraining's jobs were told to read, and where they say what came of it."""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scienceops.config import load_settings
from scienceops.core.names import package_key, training_result_key, version_file_key
from scienceops.core.package import Package, read_package
from scienceops.core.retraining import Flag, Selection, read_selection
from scienceops.core.schema import Schema
from scienceops.logs import configure_logs
from scienceops.ports.object_store import ObjectStore


@dataclass(frozen=True)
class Order:
    """The frozen order of one retraining.

    base: the version that is live, whose train.py runs. original: the version whose own training
    data the captured rows are added to.
    """

    service: str
    number: int
    base: int
    original: int
    target: str
    task: str
    selection: Selection
    flags: tuple[Flag, ...]
    requested_at: str
    partitions: tuple[Mapping[str, Any], ...]
    objects: ObjectStore

    @property
    def schema(self) -> Schema:
        """The columns that the base version takes."""
        key = version_file_key(self.service, self.base, "schema.json")
        return Schema.from_json_schema(json.loads(self.objects.get(key)))

    @contextmanager
    def package(self, version: int) -> Iterator[Package]:
        """The package of a version, as a file that lasts as long as the context."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "package.zip"
            self.objects.download(package_key(self.service, version), path)
            yield read_package(path, limit_bytes=load_settings().upload_limit_bytes)

    def tell(self, step: str, result: Mapping[str, Any]) -> None:
        """Say what came of a step, for the platform to read."""
        key = training_result_key(self.service, self.number, step)
        self.objects.put(key, json.dumps(result).encode())


def open_order(program: str, *numbers: str) -> tuple[Order, argparse.Namespace]:
    """The order that the command line names, and the numbers that it was given besides."""
    from scienceops.bootstrap import connect_objects

    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--order", required=True)
    for name in numbers:
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    configure_logs()
    return read_order(arguments.order, connect_objects(load_settings())), arguments


def read_order(key: str, objects: ObjectStore) -> Order:
    """The order stored under a key."""
    found = json.loads(objects.get(key))
    return Order(
        service=found["service"],
        number=found["number"],
        base=found["base"],
        original=found["original"],
        target=found["target"],
        task=found["task"],
        selection=read_selection(found["selection"]),
        flags=tuple(Flag.model_validate(flag) for flag in found["flags"]),
        requested_at=found["requested_at"],
        partitions=tuple(found["partitions"]),
        objects=objects,
    )
