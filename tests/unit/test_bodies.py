"""Bodies: small ones are bytes, large ones lie in a file that any number of readers share."""

import resource
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from scienceops.bodies import LARGE_BYTES, PIECE_BYTES, FileBody, gather, whole
from scienceops.errors import NoRoomForBody

MIB = 1024 * 1024


def pieces(size, step=100_000):
    """Bytes that repeat at no power of two, made as they are asked for."""
    pattern = bytes(range(251)) * (step // 251 + 2)
    for at in range(0, size, step):
        begin = at % 251
        yield pattern[begin : begin + min(step, size - at)]


@pytest.fixture
def open_files(monkeypatch, tmp_path):
    """Asks what is open of the temporary folder's, whatever else this process opens and closes."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def ask():
        names = []
        for link in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # closed by then
                names.append(link.readlink())
        return [name for name in names if name.is_relative_to(tmp_path)]

    return ask


@pytest.mark.parametrize("size", [0, 1, LARGE_BYTES - 1, LARGE_BYTES])
def test_a_body_up_to_the_limit_of_small_ones_is_bytes(size):
    body = gather(pieces(size))
    assert isinstance(body, bytes)
    assert body == b"".join(pieces(size))


@pytest.mark.parametrize("step", [1000, PIECE_BYTES, 3 * MIB])
def test_a_larger_body_is_a_file_of_the_same_bytes(step):
    size = LARGE_BYTES + 1
    body = gather(pieces(size, step))
    assert isinstance(body, FileBody)
    assert len(body) == size
    assert whole(body) == b"".join(pieces(size, step))


def test_a_large_body_is_read_by_several_at_once_each_from_the_start():
    body = gather(pieces(8 * MIB))
    first, second = iter(body), iter(body)
    assert next(first) == next(second)
    assert len(next(first)) == PIECE_BYTES
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: whole(body), range(8))) == {b"".join(pieces(8 * MIB))}


def test_of_a_large_body_only_pieces_are_in_memory():
    tracemalloc.start()
    try:
        body = gather(pieces(32 * MIB))
        for piece in body:
            del piece
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * MIB


def test_the_file_goes_with_the_last_reader(open_files, tmp_path):
    body = gather(pieces(2 * MIB))
    reading = iter(body)
    next(reading)
    del body
    assert list(tmp_path.iterdir()) == [], "the file has a name"
    assert len(open_files()) == 1
    assert len(list(reading)) == 2 * MIB // PIECE_BYTES - 1
    del reading
    assert open_files() == []


@pytest.fixture
def full_disk():
    """No file gets larger than what would be small; the kernel says so as it does of quotas."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_told_with_what_to_do_once_the_sender_was_heard(open_files):
    coming = pieces(8 * MIB)
    with pytest.raises(NoRoomForBody, match=r"File too large.*fewer rows.*TMPDIR") as told:
        gather(coming)
    assert told.value.http_status == 503
    assert list(coming) == []
    del told
    assert open_files() == []


def test_a_temporary_folder_that_is_not_there_is_told_as_a_full_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(NoRoomForBody, match="No such file"):
        gather(pieces(2 * MIB))


def test_what_goes_wrong_with_the_sender_is_not_taken_for_the_disk():
    def breaking():
        yield from pieces(2 * MIB)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        gather(breaking())
