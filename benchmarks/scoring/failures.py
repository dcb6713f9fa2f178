"""Failures: what could not be measured, and why; the rest is measured all the same."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: `<model>: <server>` -> the reason.
Failures = dict[str, str]
_LONGEST = 300


@contextmanager
def going_on(failures: Failures, what: str) -> Iterator[None]:
    """Take down what is raised within, and go on after it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # Whatever one server does, the others are measured.
        failures[what] = _reason(error)
        sys.stderr.write(f"{what}: not measured: {failures[what]}\n")


def of_model(failures: Failures, model: str) -> dict[str, str]:
    """Server -> reason, of one model."""
    start = f"{model}: "
    return {k.removeprefix(start): v for k, v in failures.items() if k.startswith(start)}


def _reason(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:_LONGEST]
    if isinstance(error, subprocess.CalledProcessError) and error.stderr:
        said = (
            error.stderr
            if isinstance(error.stderr, str)
            else error.stderr.decode("utf-8", "replace")
        )
        text = f"{text}: {said[-_LONGEST:]}"
    return " ".join(text.replace("|", "/").split())
