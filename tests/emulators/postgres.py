"""PostgreSQL of Debian's packages: a cluster of its own on a free port, for each test process.

Without it the tests are skipped, where REQUIRE_EMULATORS=1 is set they fail.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from ports import free_ports

LARGEST_WAIT_SECONDS = "240"
#: A cluster that is thrown away need not survive a power cut.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=50"


def find_programs() -> Path | None:
    """The folder of initdb and pg_ctl, which Debian keeps off the path; the newest one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else None


def run(*command: str) -> None:
    """Run as the user postgres where we are root, whom PostgreSQL refuses; fails with its words."""
    given = ("runuser", "-u", "postgres", "--", *command) if os.geteuid() == 0 else command
    # Its own session: the server outlives this command, and must not hold its output open.
    done = subprocess.run(
        given, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    """A running cluster, whose superuser is postgres, without a password."""
    programs = find_programs()
    if programs is None:
        needed = "no PostgreSQL: on Debian, apt-get install postgresql"
        if os.environ.get("REQUIRE_EMULATORS") == "1":
            pytest.fail(needed)
        pytest.skip(needed)
    [port] = free_ports(1)
    # Not in pytest's folder, into which the user postgres may not look.
    folder = Path(tempfile.mkdtemp(prefix="scienceops-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    control = (str(programs / "pg_ctl"), "-D", data, "-t", LARGEST_WAIT_SECONDS, "-w")
    try:
        run(
            str(programs / "initdb"),
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {FAST}"
        run(*control, "-l", str(folder / "log"), "-o", options, "start")
        yield port
        run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_port: int) -> str:
    """The SQLAlchemy address of an empty database."""
    name = f"t{uuid4().hex[:12]}"
    place = f"postgres@127.0.0.1:{postgres_port}"
    with psycopg.connect(f"postgresql://{place}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://{place}/{name}"
