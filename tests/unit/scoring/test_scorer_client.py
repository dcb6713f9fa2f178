"""The scorer client over HTTPS: verified, kept alive, and told apart from a scorer that is away."""

import ssl
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from contract.waiting import PATIENCE

from functions.local.own_certificate import own_certificate
from scienceops.adapters.scoring.scorer_client import ScorerClient
from scienceops.errors import ServiceNotReady


@pytest.fixture
def certificate(tmp_path):
    return own_certificate(tmp_path, datetime.now(UTC))


@pytest.fixture
def server(certificate):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Connection", str(self.client_address[1]))
            self.end_headers()
            self.wfile.write(body[::-1])

        def log_message(self, *_: object) -> None:
            """The tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path, certificate.key_path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(certificate):
    return ScorerClient(tls=ssl.create_default_context(cafile=str(certificate.path)))


def post(client, endpoint, body=b"abc", seconds=5 * PATIENCE):
    return client.call(endpoint, "POST", "/score", {}, body, seconds)


def test_a_call_goes_over_https_both_ways(client, server):
    body = bytes(range(256)) * 4000
    reply = post(client, server, body)
    assert (reply.status, reply.body) == (200, body[::-1])


def test_the_connection_is_kept_for_the_next_call(client, server):
    first, second = post(client, server), post(client, server)
    assert first.headers["x-connection"] == second.headers["x-connection"]


def test_a_certificate_of_nobody_known_is_not_trusted(server):
    with pytest.raises(ServiceNotReady, match="SSLCertVerificationError"):
        post(ScorerClient(), server)


def test_a_port_where_nobody_listens_is_told_as_not_ready(client):
    with pytest.raises(ServiceNotReady, match="nothing listens there"):
        post(client, "https://localhost:1")
