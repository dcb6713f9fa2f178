"""Large bodies through a running platform: scored, not held by its gateway, told from too large."""

import csv
import http.client
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from contract.waiting import PATIENCE
from models import iris_rows, pack_iris
from platform_process import running_platform

MIB = 1024 * 1024
LIMIT = 16 * MIB
ROWS = iris_rows()
#: Bytes that a reader of JSON passes over: a large body that costs a scorer little.
SPACE = b" " * MIB


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        platform.cli("push", str(pack_iris(tmp_path_factory.mktemp("p"))), "--wait")
        yield platform


def ask(platform, pieces, size=None, kind="application/json"):
    """(status, headers, body) of a scoring call, with a length or in chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60 * PATIENCE)
    headers = {"Authorization": f"Bearer {platform.owner_token()}", "Content-Type": kind}
    if size is not None:
        headers["Content-Length"] = str(size)
    try:
        path = "/api/v1/service/iris/score"
        chunked = size is None
        connection.request("POST", path, pieces, headers, encode_chunked=chunked)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def in_space(size):
    """A body of this size with two rows in it."""
    rows = json.dumps({"input_df": ROWS[:2]}).encode()
    left = size - len(rows)
    while left:
        yield SPACE[:left]
        left -= min(left, MIB)
    yield rows


def web_process(platform):
    """The process of the gateway, a child of the host's."""
    found = subprocess.run(
        ["pgrep", "-f", "-P", str(platform.host.pid), "functions.local.http"],
        capture_output=True,
        text=True,
        check=True,
    )
    [master] = found.stdout.split()
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(workers[0] if workers else master)


def kib(pid, field):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0])


@pytest.mark.parametrize("size", [LIMIT, None])
def test_a_body_up_to_the_limit_is_scored(platform, size):
    status, _, told = ask(platform, in_space(LIMIT), size)
    assert status == 200, told


# Of what is told to be too large nothing is read, so that nothing of it is sent here.
@pytest.mark.parametrize(("pieces", "size"), [((), LIMIT + 1), (in_space(LIMIT + 1), None)])
def test_a_body_over_the_limit_is_refused(platform, pieces, size):
    status, _, told = ask(platform, iter(pieces), size)
    assert (status, json.loads(told)["title"]) == (413, "Request Entity Too Large")


def test_a_large_body_of_nobody_is_refused_and_the_line_goes_on(platform):
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60 * PATIENCE)
    path, kind = "/api/v1/service/iris/score", {"Content-Type": "application/json"}
    seen = []
    try:
        for key in ("so_of_nobody", platform.owner_token()):
            told = {**kind, "Authorization": f"Bearer {key}", "Content-Length": str(4 * MIB)}
            connection.request("POST", path, in_space(4 * MIB), told)
            reply = connection.getresponse()
            reply.read()
            seen.append(reply.status)
    finally:
        connection.close()
    assert seen == [401, 200]


def test_many_rows_come_and_their_answers_go_as_they_are(platform):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROWS[0]))
    writer.writeheader()
    writer.writerows(ROWS * 500)
    body = text.getvalue().encode()
    assert len(body) > MIB
    status, headers, told = ask(platform, body, len(body), "text/csv")
    assert status == 200, told
    assert len(told) == int(headers["Content-Length"]) > MIB
    assert len(json.loads(told)["predictions"]) == len(ROWS) * 500


def test_the_gateway_does_not_grow_by_a_large_body(platform):
    # What stays of the first calls is not of the one that is measured.
    for _ in range(3):
        assert ask(platform, in_space(2 * MIB), 2 * MIB)[0] == 200
    pid = web_process(platform)
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = kib(pid, "VmRSS")
    assert ask(platform, in_space(14 * MIB), 14 * MIB)[0] == 200
    grown = kib(pid, "VmHWM") - before
    assert grown < 10 * 1024, f"{grown} KiB for a body of 14 MiB"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_temporary_folder_refuses_what_is_large_alone_until_it_has_room(tmp_path):
    # Its path is short, for scorers have their sockets there.
    small = tempfile.mkdtemp(prefix="small-")
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small]
    assert subprocess.run(mount, check=False).returncode == 0, "this machine's root may not mount"
    try:
        with running_platform(tmp_path / "home", TMPDIR=small) as platform:
            platform.cli("push", str(pack_iris(tmp_path)), "--wait")
            status, headers, told = ask(platform, in_space(14 * MIB), 14 * MIB)
            assert (status, json.loads(told)["title"]) == (503, "NoRoomForBody"), told
            assert int(headers["Retry-After"]) > 0
            assert ask(platform, in_space(MIB), MIB)[0] == 200
            # Nothing is left of the one that was refused.
            assert ask(platform, in_space(2 * MIB), 2 * MIB)[0] == 200
            subprocess.run(["mount", "-o", "remount,size=40m", small], check=True)
            assert ask(platform, in_space(14 * MIB), 14 * MIB)[0] == 200
    finally:
        subprocess.run(["umount", "-l", small], check=True)
        Path(small).rmdir()
