"""The scorer's own HTTP server: what clients send oddly, what is refused, and how it ends."""

import contextlib
import json
import signal
import socket

import pytest
from http_server import (
    BIG,
    CLOSE,
    LIMIT,
    HttpServer,
    answer,
    everything,
    is_refused,
    request,
)
from platform_process import wait_for

from scorer_container.server.reading import PIECE_BYTES


def test_requests_sent_ahead_are_answered_in_their_order(server):
    # The second is answered in a thread, and the others could overtake it.
    asked = [
        request("POST", f"/{kind}/{n}", b"%d" % n) for n, kind in enumerate(["quick", "slow"] * 3)
    ]
    asked.append(request("POST", "/quick", b"last", **CLOSE))
    told = server.talk(b"".join(asked))
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in told.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"0", b"/slow/1:1", b"2", b"/slow/3:3", b"4", b"/slow/5:5", b"last"]
    assert told.count(b"connection: close") == 1


def test_a_request_may_come_byte_by_byte(server):
    whole = request("POST", "/quick?a=b", b"body", X_Long="v" * 50, **CLOSE)
    with server.line() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in whole:
            line.send(bytes([byte]))
        assert everything(line).endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize("path", ["/quick", "/slow"])
def test_a_body_in_chunks_is_put_together_and_its_trailers_left_out(server, path):
    head = request("POST", path, Transfer_Encoding="chunked", **CLOSE)
    told = server.talk(head, b"3\r\nabc\r\n", b"2;note=x\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n")
    assert told.endswith(b"abcde")


def test_small_and_large_pieces_of_a_body_are_put_together_in_their_order(server):
    sizes = (3, PIECE_BYTES, PIECE_BYTES + 1, 5, 5, 2 * PIECE_BYTES, 1)
    pieces = [b"%x" % place * size for place, size in enumerate(sizes)]
    head = request("POST", "/quick", Transfer_Encoding="chunked", **CLOSE)
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    told = server.talk(head, *chunks, b"0\r\n\r\n")
    assert told.partition(b"\r\n\r\n")[2] == b"".join(pieces)


@pytest.mark.parametrize("path", ["/quick", "/slow"])
@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_over_the_limit_is_refused_while_it_is_still_sent(server, chunked, path):
    piece = b"x" * 50_000
    with server.line() as line:
        if chunked:
            line.sendall(request("POST", path, Transfer_Encoding="chunked"))
        else:
            line.sendall(request("POST", path, Content_Length=str(len(piece) * 100)))
        for _ in range(100):
            line.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        head, body = answer(line)
        assert line.recv(1) == b""
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head
    assert body == b"too large"


def test_a_body_of_just_the_limit_is_taken(server):
    body = b"x" * LIMIT
    assert server.talk(request("POST", "/slow", body, **CLOSE)).endswith(b":" + body)
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (LIMIT, body)
    head = request("POST", "/slow", Transfer_Encoding="chunked", **CLOSE)
    assert server.talk(head + chunk).endswith(b":" + body)


def test_who_waits_for_leave_to_send_a_body_gets_it(server):
    with server.line() as line:
        line.sendall(request("POST", "/quick", Expect="100-continue", Content_Length="4"))
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"body")
        assert answer(line)[1] == b"body"


def test_who_waits_for_leave_to_send_too_large_a_body_is_refused(server):
    asked = request("POST", "/slow", Expect="100-continue", Content_Length=str(LIMIT + 1))
    assert server.talk(asked).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"no request at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /quick HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /quick HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /quick HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /quick HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /quick HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused_with_what_is_wrong(server, sent):
    told = server.talk(sent)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n"), told
    assert b"connection: close" in head
    assert "no HTTP/1.1" in json.loads(body)["detail"]


def test_a_refusal_waits_for_the_answers_before_it(server):
    told = server.talk(request("POST", "/slow", b"first") + b"\x00\x01\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200 OK")
    assert b"/slow:firstHTTP/1.1 400 " in told


@pytest.mark.parametrize("head", [b"X-A: " + b"a" * 70_000, b"X-A: a\r\n" * 20_000])
def test_a_head_without_end_is_refused(server, head):
    told = server.talk(b"GET /quick HTTP/1.1\r\n" + head)
    assert told.startswith(b"HTTP/1.1 431 "), told[:200]


def test_headers_reach_the_app_as_wsgi_has_them(server):
    asked = request("GET", "/environ?q=%20", X_One="  spaced  ", **CLOSE)
    asked = asked.replace(b"Host: odd", "Host: odd\r\nX-Letter: à".encode())
    asked = asked.replace(b"Host: odd", b"Host: odd\r\nX_Two: forged\r\nX-Two: a\r\nx-two: b")
    told = json.loads(server.talk(asked).partition(b"\r\n\r\n/environ:")[2])
    assert told["HTTP_X_ONE"] == "spaced"
    assert told["HTTP_X_LETTER"].encode("latin-1").decode() == "à"
    assert told["HTTP_X_TWO"] == "a,b"
    assert (told["PATH_INFO"], told["QUERY_STRING"]) == ("/environ", "q=%20")
    assert (told["REQUEST_METHOD"], told["SERVER_PROTOCOL"]) == ("GET", "HTTP/1.1")
    assert told["CONTENT_LENGTH"] == "0"


@pytest.mark.parametrize("target", ["http://odd/quick/a%20b?c", "/quick/a%20b?c"])
def test_a_target_may_be_a_whole_address(server, target):
    told = server.talk(
        request("GET", target.replace("/quick", "/environ").replace("/a%20b", ""), **CLOSE)
    )
    assert json.loads(told.partition(b"\r\n\r\n/environ:")[2])["PATH_INFO"] == "/environ"


def test_a_client_of_http_1_0_is_answered_and_let_go(server):
    told = server.talk(b"GET /quick HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in told


def test_head_has_the_length_and_no_body(server):
    head, _, body = server.talk(request("HEAD", "/big", **CLOSE)).partition(b"\r\n\r\n")
    assert f"content-length: {BIG + 5}".encode() in head
    assert body == b""


def test_an_offer_to_speak_another_protocol_is_passed_over(server):
    # As Java's client makes it.
    offer = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": "h2c",
        "HTTP2_Settings": "AAMAAABk",
    }
    with server.line() as line:
        line.sendall(request("GET", "/quick", **offer))
        assert answer(line)[0].startswith(b"HTTP/1.1 200 OK")
    with server.line() as line:
        line.sendall(request("POST", "/quick", b"body", **offer))
        assert answer(line)[1] == b"body"
    chunks = request("POST", "/slow", Transfer_Encoding="chunked", **offer)
    followed = b"3\r\none\r\n0\r\n\r\n" + request("POST", "/quick", b"two", **CLOSE)
    told = server.talk(chunks, followed)
    assert b"/slow:oneHTTP/1.1 200 OK" in told
    assert told.endswith(b"two")


def test_a_client_that_takes_it_for_a_proxy_is_refused(server):
    assert server.talk(b"CONNECT odd:80 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 405 ")


FAULTS = ["/raise", "/quick/raise", "/quick/raise/all", "/breaks", "/letters", "/exit"]


@pytest.mark.parametrize("path", FAULTS)
def test_a_fault_of_the_app_is_a_500_that_ends_nothing(server, path):
    with server.line() as line:
        for _ in range(2):
            line.sendall(request("GET", path))
            head, body = answer(line)
            assert head.startswith(b"HTTP/1.1 500 ")
            assert b"fault" not in body
            assert json.loads(body)["reference"]


def test_what_is_under_way_is_answered_before_the_end_and_nothing_else_is_taken():
    server = HttpServer().up()
    lines = idle, half, slow, opens = [server.line() for _ in range(4)]
    half.sendall(request("POST", "/quick", Content_Length="4") + b"ha")
    slow.sendall(request("GET", "/gate"))
    opens.sendall(b"GET /open HTTP/1.1\r\n")
    server.talk(request("GET", "/quick", **CLOSE))  # They have been read.
    server.process.send_signal(signal.SIGTERM)
    assert everything(idle) == b""
    wait_for(lambda: is_refused(server), 10, "that nobody else is taken")
    half.sendall(b"lf")
    told = everything(half)
    assert told.endswith(b"half")
    assert b"connection: close" in told
    assert server.process.poll() is None
    opens.sendall(b"\r\n")
    assert everything(slow).endswith(b"/gate:")
    assert server.ended() == 0
    for line in lines:
        line.close()


def test_an_answer_that_does_not_come_is_given_its_time_and_then_ended():
    server = HttpServer(graceful_seconds=1.0).up()
    with server.line() as slow:
        slow.sendall(request("GET", "/gate"))
        server.talk(request("GET", "/quick", **CLOSE))  # It has been read.
        assert server.stop() == 0
        with contextlib.suppress(ConnectionError):
            assert everything(slow) == b""


def test_an_app_that_cannot_be_built_ends_the_server_with_its_reason():
    server = HttpServer(ODD="cannot be built")
    assert server.ended() == 3
    assert "no model" in server.said


def test_a_worker_that_dies_again_and_again_ends_the_server():
    server = HttpServer(ODD="dies", workers=2)
    assert server.ended() == 1
