"""A container's view of the bucket keeps the bucket's promises, within its rights."""

import http.client
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contract.object_store import ObjectStoreContract
from contract.racers import open_store
from contract.test_local_object_store import take_events
from contract.waiting import PATIENCE

from scienceops.adapters.engine.bucket_socket import BucketSocket, Rights
from scienceops.adapters.engine.socket_object_store import SocketObjectStore
from scienceops.adapters.local.object_store import FolderObjectStore
from scienceops.errors import NotAllowed, ObjectNotFound, Unavailable

EVERYTHING = Rights(write=("",))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def serve(home: Path) -> Iterator[Callable[[Rights], SocketObjectStore]]:
    """Opens the home's bucket, with these rights, through a socket."""
    opened: list[BucketSocket] = []

    def serve(rights: Rights) -> SocketObjectStore:
        path = home / f"{len(opened)}.sock"
        opened.append(BucketSocket(path, open_store(home), rights))
        return SocketObjectStore(str(path))

    yield serve
    for one in opened:
        one.close()


class TestSocketObjectStore(ObjectStoreContract):
    @pytest.fixture
    def store(self, serve: Callable[[Rights], SocketObjectStore]) -> SocketObjectStore:
        return serve(EVERYTHING)

    @pytest.fixture
    def another(self, serve: Callable[[Rights], SocketObjectStore]) -> SocketObjectStore:
        return serve(EVERYTHING)

    @pytest.fixture
    def announced(self, home: Path) -> Callable[[], list[tuple[str, int]]]:
        return lambda: take_events(home)


@pytest.fixture
def bucket(home: Path) -> FolderObjectStore:
    store = open_store(home)
    for key in ("versions/iris/1/package.zip", "versions/wine/1/package.zip", "labels/iris/x"):
        store.put(key, key.encode())
    return store


@pytest.fixture
def limited(
    bucket: FolderObjectStore, serve: Callable[[Rights], SocketObjectStore]
) -> SocketObjectStore:
    return serve(Rights(read=("versions/iris/",), write=("packages/iris/",)))


def test_what_may_be_read_is_read_and_what_may_be_written_is_written(
    limited: SocketObjectStore, bucket: FolderObjectStore
) -> None:
    assert limited.get("versions/iris/1/package.zip") == b"versions/iris/1/package.zip"
    assert [info.key for info in limited.scan("versions/iris/")] == ["versions/iris/1/package.zip"]
    limited.put("packages/iris/new.zip", b"new")
    assert bucket.get("packages/iris/new.zip") == b"new"
    assert limited.get("packages/iris/new.zip") == b"new"


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get("versions/wine/1/package.zip"),
        lambda store: store.stat("labels/iris/x"),
        lambda store: list(store.scan("versions/")),
        lambda store: list(store.scan("")),
        lambda store: store.put("versions/iris/1/package.zip", b"other"),
        lambda store: store.delete("versions/iris/1/package.zip"),
        lambda store: store.put("packages/wine/new.zip", b"new"),
    ],
)
def test_nothing_else_is_there_for_it(
    limited: SocketObjectStore, bucket: FolderObjectStore, use: Callable[[SocketObjectStore], None]
) -> None:
    with pytest.raises(NotAllowed, match="this container may not"):
        use(limited)
    assert bucket.get("versions/iris/1/package.zip") == b"versions/iris/1/package.zip"
    with pytest.raises(ObjectNotFound):
        bucket.get("packages/wine/new.zip")


def test_who_sends_much_to_where_it_may_not_write_is_told_so(limited: SocketObjectStore) -> None:
    # More than a socket holds: a server that does not read it breaks the writer's pipe.
    with pytest.raises(NotAllowed, match="this container may not write"):
        limited.put("packages/wine/new.zip", bytes(5_000_000))


def test_an_object_whose_writer_died_half_way_is_not_there(
    limited: SocketObjectStore, bucket: FolderObjectStore, home: Path
) -> None:
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(home / "0.sock"))
    connection.putrequest("PUT", "/objects/packages/iris/half.zip")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"only this")
    connection.close()
    limited.put("packages/iris/after.zip", b"after")
    assert [info.key for info in bucket.scan("packages/")] == ["packages/iris/after.zip"]


def test_a_bucket_that_is_served_no_more_is_told_as_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        SocketObjectStore(str(tmp_path / "nobody")).get("versions/iris/1/package.zip")


@pytest.mark.parametrize("length", ["-1", "+5", "1_000", "many", ""])
def test_a_body_of_no_length_is_refused_at_once(
    serve: Callable[[Rights], SocketObjectStore], home: Path, length: str
) -> None:
    serve(EVERYTHING)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10 * PATIENCE)
        line.connect(str(home / "0.sock"))
        # Whoever reads on waits for an end, with all of it in memory.
        line.sendall(f"PUT /objects/a/b HTTP/1.1\r\nContent-Length: {length}\r\n\r\nmore".encode())
        answer = line.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
