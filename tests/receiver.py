"""A real HTTP receiver of alerts on this machine, which does what a test tells it to."""

import http.server
import json
import threading
from typing import Any


class Receiver:
    """Answers each POST with `status`, after `hold` is set, and keeps what it took."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.took: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.types: list[str] = []
        #: Not set: the answer is held back, as a receiver that hangs does.
        self.hold = threading.Event()
        self.hold.set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.hold.wait(60)
                receiver.types.append(self.headers["Content-Type"])
                taken = receiver.status < 300
                (receiver.took if taken else receiver.refused).append(event)
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Tests say what matters themselves."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A caller that has hung up is what some tests are about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?team=ops"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Let go of whoever waits, and end."""
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()
