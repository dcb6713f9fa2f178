"""Serving: a WSGI app under gunicorn that drains on SIGTERM and when its parent dies."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

STDIN = "stdin"


def when_closed(watched: str, act: Callable[[], object]) -> None:
    """Act once nobody holds the other end of standard input, or of the FIFO at a path, any more."""
    file = sys.stdin.fileno() if watched == STDIN else os.open(watched, os.O_RDONLY | os.O_NONBLOCK)
    # Opened so that a FIFO without a writer, whose holder has died already, reads as closed.
    os.set_blocking(file, True)

    def watch() -> None:
        while os.read(file, 4096):
            pass
        act()

    threading.Thread(target=watch, daemon=True).start()


def stop_when_closed(watched: str = STDIN) -> None:
    """Send this process SIGTERM once what the parent holds open closes: it has died."""
    when_closed(watched, lambda: os.kill(os.getpid(), signal.SIGTERM))


def serve(
    build: Callable[[], Any],
    *,
    bind: str,
    workers: int,
    threads: int,
    watch_stdin: bool,
    graceful_seconds: int = 30,
    certificate: tuple[str, str] | None = None,
) -> int:
    """Serve until told to stop; the exit code: 3 when `build` raised in a worker.

    build: makes the WSGI app, in each worker, after the fork, so that no thread or connection
    crosses it. bind: `HOST:PORT`, or `unix:PATH`, which only this user can open.
    certificate: (PEM file, file of its key) to speak HTTPS, read anew for each connection.
    """
    from gunicorn.app.base import BaseApplication

    class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn carries no types.
        def load_config(self) -> None:
            for name, value in {
                "bind": bind,
                "workers": workers,
                "threads": threads,
                "worker_class": "gthread",
                "graceful_timeout": graceful_seconds,
                "timeout": 120,
                "keepalive": 75,
                "umask": 0o077,
                "loglevel": "warning",
                "control_socket_disable": True,
                **(
                    dict(zip(("certfile", "keyfile"), certificate, strict=True))
                    if certificate
                    else {}
                ),
            }.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return build()

    if watch_stdin:
        stop_when_closed()
    sys.argv = sys.argv[:1]
    try:
        _Server().run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
