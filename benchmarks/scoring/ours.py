"""Ours: the scorer process as a runtime starts it, and the limit of its server."""

import hashlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.scoring.environments import ROOT
from benchmarks.scoring.load import request_of
from benchmarks.scoring.peers import tensors
from benchmarks.scoring.servers import Server, in_words

KEY = "the gateway's key"
ARROW = "application/vnd.apache.arrow.stream"
#: Age at which captures are sealed, in seconds, and what their shipping takes after that.
SEGMENT_SECONDS = 2.0
SETTLE_SECONDS = SEGMENT_SECONDS + 1.5


def ours(
    name: str, package: Path, folder: Path, *, workers: int = 1, capture: str = "durable",
    module: str = "scorer_container",
) -> Server:  # fmt: skip
    """Validation, capture with its shipping, and metrics on."""
    place = folder / name.replace(" ", "-")

    def command(_port: int) -> list[str]:
        place.mkdir(parents=True, exist_ok=True)
        return [sys.executable, "-m", module]

    settings = {
        "PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}",
        "SCIENCEOPS_HOME": str(place / "home"),
        "SCIENCEOPS_SEGMENT_SECONDS": str(SEGMENT_SECONDS),
        "SCORER_SERVICE": "bench",
        "SCORER_VERSION": "1",
        "SCORER_PACKAGE": str(package),
        "SCORER_PACKAGE_DIGEST": hashlib.sha256(package.read_bytes()).hexdigest(),
        "SCORER_BIND": "127.0.0.1:{port}",
        "SCORER_SPOOL": str(place / "spool"),
        "SCORER_REPLICA": "bench{port}",
        "SCORER_GATEWAY_KEY_SHA256": hashlib.sha256(KEY.encode()).hexdigest(),
        "SCORER_WORKERS": str(workers),
        "SCORER_CAPTURE": capture,
    }
    return Server(
        name,
        command,
        _json,
        lambda answer: answer["predictions"],
        sys.executable,
        settings,
        settle_seconds=SETTLE_SECONDS,
        forms={"mlflow": _mlflow, "v2": _v2, "arrow": _arrow},
        note=in_words(workers),
    )


def echo(*, workers: int = 1) -> Server:
    """The same server, which answers with the bytes that came."""

    def command(port: int) -> list[str]:
        module = "benchmarks.scoring.apps.echo_app"
        return [sys.executable, "-m", module, str(port), str(workers)]

    path = {"PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}"}
    return Server(
        "echo", command, _json, lambda _: None, sys.executable, path, note=in_words(workers)
    )


def _json(rows: list[dict[str, Any]]) -> bytes:
    body = json.dumps({"input_df": rows}).encode()
    return request_of("/score", body, Authorization=f"Bearer {KEY}")


def _mlflow(rows: list[dict[str, Any]]) -> bytes:
    """The call that MLflow gets, which is answered with labels alone, as it does."""
    body = json.dumps({"dataframe_records": rows}).encode()
    return request_of("/invocations", body, Authorization=f"Bearer {KEY}")


def _v2(rows: list[dict[str, Any]]) -> bytes:
    """The call that MLServer gets, and labels alone for an answer, as it gives them."""
    body = json.dumps({**tensors(rows), "outputs": [{"name": "predict"}]}).encode()
    return request_of("/v2/models/bench/infer", body, Authorization=f"Bearer {KEY}")


def _arrow(rows: list[dict[str, Any]]) -> bytes:
    table = pa.Table.from_pylist(rows)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    return request_of("/score", out.getvalue(), kind=ARROW, Authorization=f"Bearer {KEY}")
