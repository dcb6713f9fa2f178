"""A large file scored by a scorer's app, which answers as the gateway does and may fail."""

import json

import pandas as pd
import pyarrow.parquet as pq
from face import Face
from models import iris_table

from scienceops.batch.parts import Parts
from scienceops.batch.run import ARROW, Answer, Order, score_file
from scienceops.batch.source import Source
from scienceops.errors import BadRows

FEATURES = iris_table().drop(columns="species")


class Service:
    """Answers as the gateway does, by a scorer's app; told to fail at the n-th request."""

    def __init__(self, folder, package):
        self.face = Face(folder, package, fast=True, limit=10**7)
        self.schema = self.face.scoring.served.schema
        self.version = 1
        self.bodies = []
        self.failures = {}

    def ask(self, body):
        self.bodies.append(body)
        if failure := self.failures.pop(len(self.bodies), None):
            raise failure
        status, headers, reply = self.face.ask("POST", "/score", body, kind=ARROW)
        if status != 200:
            raise BadRows(json.loads(reply)["problems"])
        return Answer(
            headers["content-type"], reply, headers["x-scienceops-request-id"], self.version
        )


def run(service, data, out, **order):
    rows = order.pop("rows", 40)
    limit = order.pop("limit_bytes", 10**7)
    keep = order.pop("keep", ())
    told = []
    order = Order("iris", rows, limit, **order)
    source = Source(data, service.schema, keep)
    count = score_file(source, Parts(out), order, service.ask, told.append, lambda _: None)
    assert sum(told) == count
    return pd.read_csv(out) if out.suffix == ".csv" else pq.read_table(out).to_pandas()


def captured(service):
    return [
        (call["request_id"], row)
        for call in service.face.captured()
        for row in range(len(call["predictions"]))
    ]
