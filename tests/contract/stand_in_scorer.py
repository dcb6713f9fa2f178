"""Stand-in for a scorer: a small HTTP server on a socket or port that behaves as it is told.

STAND_IN says how: empty, `broken` (ends at once), `slow` (never ready), `deaf` (does not drain) or
`greedy` (takes memory until it is killed).
"""

import json
import os
import signal
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

BEHAVIOUR = os.environ.get("STAND_IN", "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    quiet = threading.Condition()
    answering = 0

    def parse_request(self) -> bool:
        parsed = super().parse_request()
        self.count(parsed)
        return parsed

    def count(self, change: int) -> None:
        with self.quiet:
            Handler.answering += change
            self.quiet.notify_all()

    def do_GET(self) -> None:
        match self.path:
            case "/readyz":
                slow = BEHAVIOUR == "slow"
                self.reply(503 if slow else 200, b'{"status": "slow"}' if slow else b"")
            case "/environment":
                self.reply(200, json.dumps(dict(os.environ)).encode())
            case "/wait":
                time.sleep(1)
                self.reply(200, b"waited")
            case "/gate":
                # It says that it was asked, and answers once it may.
                place = Path(os.environ["SCORER_SPOOL"])
                (place / "asked").touch()
                while not (place / "open").exists():
                    time.sleep(0.01)
                self.reply(200, b"opened")
            case "/die":
                os.kill(os.getpid(), signal.SIGKILL)
            case _:
                self.reply(200, b"fine")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(200, body[::-1])

    def reply(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Echo", self.headers.get("X-Echo", ""))
            self.end_headers()
            self.wfile.write(body)
        finally:
            # Whoever asked may have died meanwhile; the draining does not wait for that.
            self.count(-1)

    def address_string(self) -> str:
        return "the gateway"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = False
    block_on_close = False


class PortServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = False
    block_on_close = False
    allow_reuse_address = True


def listen(bind: str) -> Server | PortServer:
    if bind.startswith("unix:"):
        return Server(bind.removeprefix("unix:"), Handler)
    host, _, port = bind.rpartition(":")
    return PortServer((host, int(port)), Handler)


def main() -> None:
    sys.stderr.write(f"start of {os.environ['SCORER_REPLICA']}\n")
    if BEHAVIOUR == "broken":
        sys.stderr.write("the model cannot be loaded\n")
        sys.exit(3)
    if BEHAVIOUR == "greedy":
        taken = [bytearray(os.urandom(1 << 20)) for _ in range(4096)]
        sys.exit(len(taken))
    server = listen(os.environ["SCORER_BIND"])
    drained = threading.Event()
    if BEHAVIOUR == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: drained.set())
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    # Nobody is watched where the platform ends what it runs.
    if watched := os.environ.get("SCORER_WATCH"):
        held = 0 if watched == "stdin" else os.open(watched, os.O_RDONLY)
        threading.Thread(target=lambda: (os.read(held, 1), drained.set()), daemon=True).start()
    drained.wait()
    server.shutdown()
    with Handler.quiet:
        # What was accepted is answered; then a mark says that nothing was cut off.
        Handler.quiet.wait_for(lambda: Handler.answering == 0)
    with (Path(os.environ["SCORER_SPOOL"]) / "drained").open("a") as marks:
        marks.write(os.environ["SCORER_REPLICA"] + "\n")
    os._exit(0)


if __name__ == "__main__":
    main()
