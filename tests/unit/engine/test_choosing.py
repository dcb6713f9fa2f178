"""Which engine is used, and what people are told when there is none."""

import os
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest

from functions.local.engine import settle_engine
from scienceops.adapters.engine.connection import find_engine
from scienceops.config import Settings, load_settings
from scienceops.errors import BadSetting, EngineUnavailable


class StandIn(BaseHTTPRequestHandler):
    """Answers what an engine says of itself."""

    security: tuple[str, ...] = ()
    component = "Engine"

    def do_GET(self):
        import json

        told = {
            "ApiVersion": "1.41",
            "Version": "20.10",
            "SecurityOptions": list(self.security),
            "Components": [{"Name": self.component}],
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def address_string(self):
        return "a client"


@pytest.fixture
def stand_in(tmp_path):
    """Starts a stand-in for an engine: stand_in(**what it says) -> its address."""
    servers = []

    def start(**said):
        path = tmp_path / f"{len(servers)}.sock"
        handler = type("Said", (StandIn,), said)
        server = socketserver.ThreadingUnixStreamServer(str(path), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"unix://{path}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_engine_of_docker_host_is_taken_by_itself(stand_in):
    address = stand_in()
    engine, told = find_engine("auto", address)
    assert engine is not None
    assert (engine.address, told) == (address, f"docker 20.10 at {address}")


def test_podman_is_called_by_its_name(stand_in):
    _, told = find_engine("auto", stand_in(component="Podman Engine"))
    assert told.startswith("podman 20.10")


def test_a_rootless_engine_is_not_taken_and_the_reason_told(stand_in):
    engine, told = find_engine("auto", stand_in(security=("name=rootless",)))
    assert engine is None
    assert "rootless" in told


def test_an_address_where_nothing_answers_is_an_error_only_when_it_was_asked_for(tmp_path):
    address = f"unix://{tmp_path}/nobody.sock"
    engine, told = find_engine("auto", address)
    assert engine is None
    assert address in told
    with pytest.raises(EngineUnavailable, match="SCIENCEOPS_ENGINE=unix://"):
        find_engine(address, "")


def test_an_engine_of_another_machine_is_not_taken():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        engine, told = find_engine("auto", f"tcp://127.0.0.1:{free.getsockname()[1]}")
    assert engine is None
    assert "no container engine answers" in told


def test_none_is_none_and_up_says_what_that_means(tmp_path):
    containers = settle_engine(Settings(home=tmp_path, engine="none"), Event())
    assert containers.settings.engine == "none"
    assert containers.registry is None
    assert containers.told == (
        "Models run as processes of this user, without a sandbox: SCIENCEOPS_ENGINE=none"
    )


def test_an_engine_gets_a_registry_of_its_own_unless_one_was_named(tmp_path, stand_in):
    address = stand_in()
    own = settle_engine(Settings(home=tmp_path, engine=address), Event())
    assert own.registry is not None
    port = (tmp_path / "images" / "port").read_text()
    assert own.told.endswith(f"images in 127.0.0.1:{port}/scienceops")
    # The names of images hold it, so that it must not change.
    assert settle_engine(Settings(home=tmp_path, engine=address), Event()).told == own.told
    named = settle_engine(
        Settings(home=tmp_path, engine=address, images="registry.example/team/models"), Event()
    )
    assert named.registry is None
    assert "registry.example/team/models" in named.told


def test_a_repository_that_is_none_is_told_before_anything_is_built(tmp_path, stand_in):
    with pytest.raises(BadSetting, match="HOST"):
        settle_engine(
            Settings(home=tmp_path, engine=stand_in(), images="http://registry.example"), Event()
        )


@pytest.mark.parametrize("value", ["python:{version}", "python:{", "python:{0}"])
def test_a_base_image_that_cannot_be_filled_in_is_a_bad_setting(value):
    with pytest.raises(BadSetting, match="wanted an image"):
        load_settings({"SCIENCEOPS_BASE_IMAGE": value})


@pytest.mark.parametrize("value", ["docker", "", "yes", "/var/run/docker.sock"])
def test_an_engine_that_is_no_engine_is_a_bad_setting(value):
    with pytest.raises(BadSetting, match="SCIENCEOPS_ENGINE"):
        load_settings({"SCIENCEOPS_ENGINE": value})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every socket")
def test_an_engine_that_this_user_may_not_use_is_told_so(stand_in):
    address = stand_in()
    Path(address.removeprefix("unix://")).chmod(0)
    _, told = find_engine("auto", address)
    assert "join its group" in told
