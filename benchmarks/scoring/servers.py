"""Servers: ours and others, each started with one worker on a port of its own."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scoring.load import ask, request_of

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "build" / "peers"
KEY = "the gateway's key"
START_SECONDS = 120
#: What each peer's environment is made from.
PINS = {"mlflow": ("mlflow==3.17.2", "scikit-learn==1.9.1", "pandas<3")}


@dataclass(frozen=True)
class Server:
    """command: given the port, what to run and what to set. request: rows as its clients send them.

    labels: the predictions out of an answer.
    """

    name: str
    command: Callable[[int], tuple[list[str], Mapping[str, str]]]
    request: Callable[[list[dict[str, Any]]], bytes]
    labels: Callable[[Any], list[Any]] = lambda answer: answer["predictions"]


@dataclass
class Running:
    """A server that answers. start_seconds: from its start to its first answer."""

    server: Server
    port: int
    pid: int
    start_seconds: float


def ours(name: str, package: Path, folder: Path) -> Server:
    """The scorer process: validation, durable capture, metrics and shipping on."""

    def command(port: int) -> tuple[list[str], Mapping[str, str]]:
        (folder / name).mkdir(parents=True, exist_ok=True)
        return [sys.executable, "-m", "scorer_container"], {
            "PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}",
            "SCIENCEOPS_HOME": str(folder / name / "home"),
            "SCORER_SERVICE": "bench",
            "SCORER_VERSION": "1",
            "SCORER_PACKAGE": str(package),
            "SCORER_PACKAGE_DIGEST": hashlib.sha256(package.read_bytes()).hexdigest(),
            "SCORER_BIND": f"127.0.0.1:{port}",
            "SCORER_SPOOL": str(folder / name / "spool"),
            "SCORER_REPLICA": f"bench{port}",
            "SCORER_GATEWAY_KEY_SHA256": hashlib.sha256(KEY.encode()).hexdigest(),
        }

    def request(rows: list[dict[str, Any]]) -> bytes:
        body = json.dumps({"input_df": rows}).encode()
        return request_of("/score", body, Authorization=f"Bearer {KEY}")

    return Server(name, command, request)


def own_flask(model: Path, server: str) -> Server:
    """A plain Flask app under gunicorn or granian."""
    commands = {
        "gunicorn": ["gunicorn", "-k", "gthread", "--threads", "4", "-b", "127.0.0.1:{port}"],
        "granian": ["granian", "--interface", "wsgi", "--no-ws", "--port", "{port}"],
    }

    def command(port: int) -> tuple[list[str], Mapping[str, str]]:
        words = [word.format(port=port) for word in commands[server]]
        app = "benchmarks.scoring.flask_app:app"
        return [sys.executable, "-m", *words, app], {"MODEL": str(model), "PYTHONPATH": str(ROOT)}

    def request(rows: list[dict[str, Any]]) -> bytes:
        return request_of("/score", json.dumps({"input_df": rows}).encode())

    return Server(f"Flask, {server}", command, request)


def mlflow(model: Path, folder: Path) -> Server:
    """`mlflow models serve`, in an environment of its own."""
    python = environment("mlflow")
    saved = folder / f"mlflow-{model.stem}"
    if not saved.exists():
        code = "import sys, joblib, mlflow.sklearn as m; m.save_model(joblib.load(sys.argv[1]), "
        form = "sys.argv[2], serialization_format='cloudpickle')"
        subprocess.run(
            [python, "-W", "ignore", "-c", code + form, str(model), str(saved)],
            check=True,
            capture_output=True,
        )

    def command(port: int) -> tuple[list[str], Mapping[str, str]]:
        words = ["models", "serve", "-m", str(saved), "-p", str(port), "-h", "127.0.0.1"]
        path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
        more = ["--env-manager", "local", "--workers", "1"]
        return [python, "-m", "mlflow", *words, *more], {"PATH": path}

    def request(rows: list[dict[str, Any]]) -> bytes:
        return request_of("/invocations", json.dumps({"dataframe_records": rows}).encode())

    return Server("MLflow", command, request)


def environment(name: str) -> str:
    """The Python of a peer's environment, made if need be."""
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, PEERS / name], check=True)
        subprocess.run([*uv, "pip", "install", "-q", "--python", python, *PINS[name]], check=True)
    return str(python)


@contextmanager
def running(server: Server, row: dict[str, Any]) -> Iterator[Running]:
    """The server, started and ended."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words, more = server.command(port)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SCIENCEOPS_", "SCORER_"))}
    began = time.perf_counter()
    process = subprocess.Popen(
        words,
        env={**clean, "OMP_NUM_THREADS": "1", **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            with suppress(OSError):
                ask(port, server.request([row]))
                break
            assert process.poll() is None, f"{server.name} ended: {words}"
            assert time.perf_counter() < began + START_SECONDS, f"{server.name} does not answer"
            time.sleep(0.005)
        yield Running(server, port, process.pid, time.perf_counter() - began)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
