"""Server: the scorer's app under Granian; docs/decisions/0005 has why and its figures."""

import os
import signal
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

CANNOT_BUILD = 3
BACKLOG = 1024
#: How long an idle connection is kept; a gateway gives up its own before.
KEEP_ALIVE_SECONDS = 75


def serve(
    build: Callable[[], Any], *, bind: str, workers: int, threads: int, graceful_seconds: int = 30
) -> int:
    """Serve until SIGTERM, then let every answer out; the exit code: 3 when `build` raised.

    build: makes the WSGI app, in each worker, after the fork, so that no thread or connection
    crosses it. bind: `HOST:PORT`, or `unix:PATH`, which only this user can open. A worker that
    dies is replaced; one that dies again within seconds ends the server with exit code 1.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.server.mp import MPServer

    held, life = os.pipe()
    failed, failing = os.pipe()
    parent = os.getpid()

    def load() -> Any:
        os.close(life)
        # Granian sets its own handler once this returns; until then nothing is in flight, and the
        # handler that came with the fork would only set a flag that nobody here looks at.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _end_with_parent(held)
        try:
            return build()
        except BaseException:
            traceback.print_exc()
            # There is no use in another try: the parent ends, and says why by its exit code.
            os.write(failing, b"!")
            os.kill(parent, signal.SIGTERM)
            raise

    host, _, port = bind.rpartition(":")
    path = Path(bind.removeprefix("unix:")) if bind.startswith("unix:") else None
    os.umask(0o077)
    if path is not None:
        # Left by one that was killed; whoever listens there still has it open under no name.
        path.unlink(missing_ok=True)
    server = MPServer(
        "scorer",
        address="127.0.0.1" if path else host,
        port=0 if path else int(port),
        uds=path,
        uds_permissions=0o600 if path else None,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backlog=BACKLOG,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_SECONDS * 1000),
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        respawn_interval=0,
        workers_kill_timeout=graceful_seconds,
    )
    try:
        server.serve(target_loader=load, wrap_loader=False)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    else:
        code = 0
    os.set_blocking(failed, False)
    try:
        return CANNOT_BUILD if os.read(failed, 1) else code
    except BlockingIOError:
        return code


def _end_with_parent(held: int) -> None:
    """Drain and end once the parent, which holds the other end of the pipe, is gone."""

    def watch() -> None:
        os.read(held, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
