"""Peers: other servers of the same joblib file, each as its own documentation has it at its best.

They answer labels alone, check nothing and keep nothing, for that is what they do by themselves.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.scoring.environments import ROOT, python_of
from benchmarks.scoring.load import request_of
from benchmarks.scoring.servers import Server, free_port, in_words

Make = Callable[[], Server]


def peers(model: Path, folder: Path) -> Iterator[tuple[str, Make]]:
    """(peer, how it is made with one worker): a peer whose environment fails takes no other."""
    yield "MLflow", partial(mlflow, model, folder)
    yield "MLServer", partial(mlserver, model, folder)
    yield "BentoML", partial(bentoml, model)
    yield "FastAPI", partial(fastapi, model)
    yield "Flask", partial(flask, model)


def peers_at_their_best(model: Path, folder: Path, workers: int) -> Iterator[tuple[str, Make]]:
    """(peer, another way of running it) of all that could be its best."""
    yield "MLflow", partial(mlflow, model, folder, workers=workers)
    yield "MLServer", partial(mlserver, model, folder, batch=64)
    yield "MLServer", partial(mlserver, model, folder, workers=workers)
    yield "BentoML", partial(bentoml, model, workers=workers)
    yield "BentoML", partial(bentoml, model, workers=workers, batched=True)
    yield "FastAPI", partial(fastapi, model, workers=workers)
    yield "Flask", partial(flask, model, workers=workers)


def mlflow(model: Path, folder: Path, *, workers: int = 1) -> Server:
    """`mlflow models serve`."""
    python = python_of("mlflow")
    saved = folder / f"mlflow-{model.stem}"
    if not saved.exists():
        code = (
            "import sys, joblib, mlflow.sklearn as m\n"
            "m.save_model(joblib.load(sys.argv[1]), sys.argv[2],"
            " serialization_format='cloudpickle')"
        )
        words = [python, "-W", "ignore", "-c", code, str(model), str(saved)]
        subprocess.run(words, check=True, capture_output=True)

    def command(port: int) -> list[str]:
        words = [python, "-m", "mlflow", "models", "serve", "-m", str(saved), "-p", str(port)]
        return [*words, "--env-manager", "local", "--workers", str(workers)]

    path = {"PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"}
    return Server(
        "MLflow", command, lambda rows: _post("/invocations", {"dataframe_records": rows}),
        _predictions, python, path, note=in_words(workers),
    )  # fmt: skip


def mlserver(model: Path, folder: Path, *, workers: int = 0, batch: int = 0) -> Server:
    """`mlserver start`; in its own process unless workers are asked for."""
    python = python_of("mlserver")
    place = folder / f"mlserver-{model.stem}-{workers}-{batch}"
    place.mkdir(exist_ok=True)
    document = {
        "name": "bench",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(model)},
    }
    if batch:
        document |= {"max_batch_size": batch, "max_batch_time": 0.005}
    (place / "model-settings.json").write_text(json.dumps(document))

    def command(port: int) -> list[str]:
        settings = {
            "host": "127.0.0.1", "http_port": port, "grpc_port": free_port(), "debug": False,
            "metrics_endpoint": None, "parallel_workers": workers,
        }  # fmt: skip
        (place / "settings.json").write_text(json.dumps(settings))
        return [str(Path(python).with_name("mlserver")), "start", str(place)]

    return Server(
        "MLServer", command, lambda rows: _post("/v2/models/bench/infer", tensors(rows)),
        lambda answer: answer["outputs"][0]["data"], python,
        note="adaptive batching" if batch else in_words(workers) if workers else "in process",
    )  # fmt: skip


def bentoml(model: Path, *, workers: int = 1, batched: bool = False) -> Server:
    """`bentoml serve`."""
    python = python_of("bentoml")

    def command(port: int) -> list[str]:
        name = "Batched" if batched else "Single"
        app = f"benchmarks.scoring.apps.bentoml_app:{name}"
        words = [python, "-m", "bentoml", "serve", app, "--working-dir", str(ROOT)]
        return [*words, "--host", "127.0.0.1", "--port", str(port)]

    settings = {
        "MODEL": str(model), "WORKERS": str(workers), "PYTHONPATH": str(ROOT),
        "BENTOML_DO_NOT_TRACK": "true",
    }  # fmt: skip
    labels = (lambda answer: answer) if batched else _predictions
    note = in_words(workers) + (", adaptive batching" if batched else "")
    return Server("BentoML", command, _input_df, labels, python, settings, note=note)


def fastapi(model: Path, *, workers: int = 1) -> Server:
    """A plain FastAPI app under uvicorn with uvloop and httptools."""
    python = python_of("fastapi")

    def command(port: int) -> list[str]:
        app = "benchmarks.scoring.apps.fastapi_app:app"
        words = [python, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
        return [*words, "--workers", str(workers)]

    settings = {"MODEL": str(model), "PYTHONPATH": str(ROOT)}
    return Server(
        "FastAPI", command, _input_df, _predictions, python, settings, note=in_words(workers)
    )


def flask(model: Path, *, workers: int = 1) -> Server:
    """A plain Flask app under Granian."""
    python = python_of("flask")

    def command(port: int) -> list[str]:
        app = "benchmarks.scoring.apps.flask_app:app"
        words = [python, "-m", "granian", "--interface", "wsgi", "--no-ws", "--port", str(port)]
        return [*words, "--workers", str(workers), app]

    settings = {"MODEL": str(model), "PYTHONPATH": str(ROOT)}
    return Server(
        "Flask", command, _input_df, _predictions, python, settings, note=in_words(workers)
    )


def _predictions(answer: Any) -> list[Any]:
    found: list[Any] = answer["predictions"]
    return found


def _input_df(rows: list[dict[str, Any]]) -> bytes:
    return _post("/score", {"input_df": rows})


def _post(path: str, document: Any) -> bytes:
    return request_of(path, json.dumps(document).encode())


def tensors(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """V2's body: numbers alone as one array, MLServer's fastest; else a tensor for each column."""
    count, names = len(rows), list(rows[0])
    if all(isinstance(value, float) for value in rows[0].values()):
        values = [value for row in rows for value in row.values()]
        one = {"name": "x", "shape": [count, len(names)], "datatype": "FP64", "data": values}
        return {"inputs": [one]}
    inputs = []
    for name in names:
        values = [row[name] for row in rows]
        text = isinstance(values[0], str)
        inputs.append(
            {
                "name": name,
                "shape": [count, 1],
                "datatype": "BYTES" if text else "FP64",
                "data": values,
                **({"parameters": {"content_type": "str"}} if text else {}),
            }
        )
    return {"parameters": {"content_type": "pd"}, "inputs": inputs}
