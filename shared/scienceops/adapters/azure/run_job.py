"""Run one job to its end: `python -m scienceops.adapters.azure.run_job ID SECONDS MODULE WORD...`.

Container Apps and Databricks each know little of how a job ended, and show its output for a while
or to people alone. So the job tells of itself, in the bucket:

    jobs/ID/log.txt         what it has written, every few seconds and at the end
    jobs/ID/ended.json      how it ended; what was written first holds
    jobs/ID/execution.json  which execution of Container Apps does it

A process that is killed writes no end: then the platform's word is taken. It looks for
jobs/ID/cancelled.json itself, for what Container Apps does not list yet cannot be ended there.
"""

import contextlib
import io
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator

from scienceops.core.names import job_key
from scienceops.errors import ObjectExists, ObjectNotFound
from scienceops.ports.object_store import ObjectStore

LOG, ENDED, CANCELLED, EXECUTION = "log.txt", "ended.json", "cancelled.json", "execution.json"
#: Set by Container Apps. Source: Microsoft, "Manage environment variables on Azure Container Apps".
EXECUTION_NAME = "CONTAINER_APP_JOB_EXECUTION_NAME"
SHIP_SECONDS = 3.0
#: As `timeout` of GNU coreutils ends, and a program that was told to by SIGTERM.
OVER_TIME, TOLD_TO_END = 124, 128 + signal.SIGTERM
#: A container may begin before what hands out its identity's tokens does: until then the bucket
#: is out of reach. Source: microsoft/azure-container-apps, issues 568 and 864.
BUCKET_SECONDS = 60.0
_LOOK_SECONDS = 1.0


class Teller:
    """Standard output and error of a job, told in the bucket as well."""

    def __init__(self, job_id: str, objects: ObjectStore) -> None:
        self._job_id = job_id
        self._objects = objects
        self._written = io.StringIO()
        self._shipped = 0
        self._lock = threading.Lock()
        self._shipping = threading.Lock()
        self._over = threading.Event()

    def write(self, text: str) -> None:
        """Keep it."""
        with self._lock:
            self._written.write(text)

    def ship(self) -> None:
        """Put the log into the bucket, if there is more of it."""
        with self._shipping:
            with self._lock:
                text = self._written.getvalue()
            # Not under the lock of what is written: a bucket's client may log, which is written.
            if len(text) > self._shipped:
                self._objects.put(job_key(self._job_id, LOG), text.encode())
                self._shipped = len(text)

    def end(self, state: str, reason: str = "") -> None:
        """Write down how it ended, after all that it has written."""
        self._over.set()
        self.ship()
        document = json.dumps({"state": state, "reason": reason}).encode()
        with contextlib.suppress(ObjectExists):
            self._objects.put(job_key(self._job_id, ENDED), document, if_absent=True)

    def keep_shipping(self) -> None:
        """Ship every few seconds until the end, which comes when nobody wants the job any more."""
        while not self._over.wait(SHIP_SECONDS):
            # The bucket may be away for a while; the whole log is tried again.
            with contextlib.suppress(Exception):
                self.ship()
                if is_cancelled(self._job_id, self._objects):
                    try:
                        self.end("cancelled")
                    finally:
                        # Told or not: what is cancelled stands in the bucket already.
                        os._exit(TOLD_TO_END)


class _Tee(io.TextIOBase):
    """A stream whose text is kept by a teller, too."""

    def __init__(self, stream: io.TextIOBase, teller: Teller) -> None:
        self._stream = stream
        self._teller = teller

    def write(self, text: str) -> int:
        """Write it to both."""
        self._teller.write(text)
        return self._stream.write(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def fileno(self) -> int:
        """The stream's own."""
        return self._stream.fileno()


def await_bucket(
    job_id: str, objects: ObjectStore, *, patience_seconds: float = BUCKET_SECONDS
) -> None:
    """Return once the bucket answers; after that time, too, for the job to tell what is wrong."""
    end = time.monotonic() + patience_seconds
    while time.monotonic() < end:
        try:
            objects.stat(job_key(job_id, ENDED))
        except ObjectNotFound:
            return
        except Exception as error:  # noqa: BLE001  # Identity, network and bucket each have their own.
            sys.stderr.write(f"the bucket does not answer yet: {error}\n")
            time.sleep(_LOOK_SECONDS)
        else:
            return


def is_cancelled(job_id: str, objects: ObjectStore) -> bool:
    """Whether nobody wants the job any more."""
    try:
        objects.stat(job_key(job_id, CANCELLED))
    except ObjectNotFound:
        return False
    return True


def is_done_by_another(job_id: str, objects: ObjectStore, execution: str) -> bool:
    """Whether another execution does the job; the first one that asks does it.

    Who begins a job and dies, or comes at once with somebody else, may begin it twice, while
    Container Apps does not list the first.
    """
    key = job_key(job_id, EXECUTION)
    try:
        objects.put(key, json.dumps({"name": execution}).encode(), if_absent=True)
    except ObjectExists:
        return bool(json.loads(objects.get(key))["name"] != execution)
    return False


def run(job_id: str, seconds: float, module: str, words: list[str], objects: ObjectStore) -> int:
    """Run the module as a program; its exit code. Ends the process when the time is over."""
    teller = Teller(job_id, objects)
    if is_cancelled(job_id, objects):
        teller.end("cancelled")
        return TOLD_TO_END

    def give_up() -> None:
        teller.end("failed", f"it ran over its time limit of {seconds:g} s")
        os._exit(OVER_TIME)

    watchdog = threading.Timer(seconds, give_up)
    for thread in (watchdog, threading.Thread(target=teller.keep_shipping)):
        thread.daemon = True
        thread.start()
    with _heard_by(teller):
        code = _run_module(module, words)
    watchdog.cancel()
    if code == 0:
        teller.end("succeeded")
    else:
        teller.end("failed", f"the job ended with exit code {code}")
    return code


@contextlib.contextmanager
def _heard_by(teller: Teller) -> Iterator[None]:
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Tee(stream, teller) for stream in streams)  # type: ignore[arg-type]  # Streams of text.
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


def _run_module(module: str, words: list[str]) -> int:
    sys.argv = [module, *words]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        sys.stderr.write(f"{end.code}\n")
        return 1
    except Exception:  # noqa: BLE001  # As the interpreter does with whatever a program raises.
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """The job that the command line names; ends the process with its exit code."""
    from scienceops.adapters.azure import connect_objects
    from scienceops.config import load_settings

    job_id, seconds, module, *words = sys.argv[1:]
    if threading.current_thread() is threading.main_thread():
        # The first process of a container has no default actions: signals without a handler are
        # lost. Databricks runs a job in a thread of its driver, and ends that itself.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(TOLD_TO_END))
    objects = connect_objects(load_settings())
    await_bucket(job_id, objects)
    execution = os.environ.get(EXECUTION_NAME, "")
    if execution and is_done_by_another(job_id, objects, execution):
        sys.stderr.write(f"another execution does {job_id}: {execution} has nothing to do\n")
        return
    code = run(job_id, float(seconds), module, words, objects)
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
