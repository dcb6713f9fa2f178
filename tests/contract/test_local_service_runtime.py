"""ProcessServiceRuntime keeps the promises of the runtime, also when scorers and owners die.

The scorer here is a stand-in, so that each behaviour can be asked for.
"""

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from contract.processes import start_racer, tell_to_go
from contract.racers import PACKAGE, PACKAGE_KEY, make_order, open_runtime, open_store
from contract.service_runtime import ServiceRuntimeContract
from contract.waiting import PATIENCE, wait_for

from scienceops.adapters.local import service_runtime
from scienceops.adapters.local.processes import birth_of
from scienceops.adapters.local.service_runtime import ProcessServiceRuntime
from scienceops.errors import ServiceNotReady
from scienceops.ports.service_runtime import DeployOrder, Observed


def pid_of(home: Path, version: int = 1) -> int:
    return int(json.loads((home / "run" / f"iris-{version}.json").read_text())["pid"])


class TestProcessServiceRuntime(ServiceRuntimeContract):
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return tmp_path / "home"

    @pytest.fixture
    def runtime(self, home: Path) -> Iterator[ProcessServiceRuntime]:
        open_store(home).put(PACKAGE_KEY, PACKAGE)
        runtime = open_runtime(home)
        yield runtime
        for status in runtime.deployments():
            runtime.stop(status.service, status.version)
        wait_for(lambda: not list((home / "run").glob("iris-*.json")))

    @pytest.fixture
    def order(self) -> Callable[..., DeployOrder]:
        return make_order

    def environment_of(self, runtime: ProcessServiceRuntime, endpoint: str) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.get(runtime, endpoint, "/environment").body)
        return found

    def test_a_call_carries_headers_and_body_both_ways(
        self, runtime: ProcessServiceRuntime
    ) -> None:
        endpoint = self.start(runtime, make_order())
        body = os.urandom(3_000_000)
        headers = {"X-Echo": "abc", "Content-Type": "application/json"}
        reply = runtime.call(endpoint, "POST", "/score", headers=headers, body=body)
        assert (reply.status, reply.headers["x-echo"]) == (200, "abc")
        assert reply.content == body[::-1]

    def test_the_scorer_is_told_what_it_serves_and_where(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        endpoint = self.start(runtime, make_order())
        seen = self.environment_of(runtime, endpoint)
        assert (seen["SCORER_SERVICE"], seen["SCORER_VERSION"]) == ("iris", "1")
        assert Path(seen["SCORER_PACKAGE"]).read_bytes() == PACKAGE
        assert seen["SCORER_PACKAGE_DIGEST"] == hashlib.sha256(PACKAGE).hexdigest()
        assert seen["SCORER_BIND"] == endpoint
        assert seen["SCORER_SPOOL"] == str(home / "spool" / "iris" / "1")
        assert seen["SCORER_GATEWAY_KEY_SHA256"] == "f" * 64
        assert seen["SCIENCEOPS_HOME"] == str(home)

    def test_each_start_has_a_replica_of_its_own_and_the_spool_stays(
        self, runtime: ProcessServiceRuntime
    ) -> None:
        seen = []
        for _ in range(2):
            endpoint = self.start(runtime, make_order())
            seen.append(self.environment_of(runtime, endpoint))
            runtime.stop("iris", 1)
        assert seen[0]["SCORER_REPLICA"] != seen[1]["SCORER_REPLICA"]
        assert seen[0]["SCORER_SPOOL"] == seen[1]["SCORER_SPOOL"]

    def test_one_that_is_not_ready_yet_is_starting_and_says_why(
        self, runtime: ProcessServiceRuntime
    ) -> None:
        runtime.start(make_order(behaviour="slow"))
        status = wait_for(lambda: runtime.status("iris", 1), lambda s: "503" in s.reason)
        assert status.observed is Observed.STARTING
        assert status.reason == "/readyz answered 503: slow"

    def test_a_scorer_that_crashes_after_it_was_ready_has_failed(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        self.start(runtime, make_order())
        os.kill(pid_of(home), signal.SIGKILL)
        status = self.wait_until(runtime, Observed.FAILED)
        wait_for(lambda: "SIGKILL" in runtime.status("iris", 1).reason)
        assert status.log_tail[0].startswith("start of ")
        assert self.get(runtime, self.start(runtime, make_order())).status == 200

    @pytest.mark.parametrize("restarted", [False, True])
    def test_the_temporary_files_of_a_scorer_that_is_killed_go(
        self, runtime: ProcessServiceRuntime, home: Path, *, restarted: bool
    ) -> None:
        endpoint = self.start(runtime, make_order())
        scratch = Path(self.environment_of(runtime, endpoint)["TMPDIR"])
        (scratch / "model").touch()
        killed = pid_of(home)
        os.kill(killed, signal.SIGKILL)
        if restarted:
            # A start changes nothing while it runs, and it dies a moment after it is killed.
            wait_for(lambda: not birth_of(killed))
            self.start(runtime, make_order())
        wait_for(lambda: not scratch.exists())

    def test_a_scorer_that_hangs_has_failed_and_its_next_start_replaces_it(
        self, runtime: ProcessServiceRuntime, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service_runtime, "PROBE_SECONDS", 0.2)
        monkeypatch.setattr(runtime, "_hang_seconds", 0.5)
        self.start(runtime, make_order())
        hanging = pid_of(home)
        os.kill(hanging, signal.SIGSTOP)
        status = self.wait_until(runtime, Observed.FAILED)
        assert status.reason == "the scorer has not answered for 0.5 s"
        assert self.get(runtime, self.start(runtime, make_order())).status == 200
        assert pid_of(home) != hanging
        wait_for(lambda: not birth_of(hanging))

    def test_a_scorer_that_answers_again_in_time_goes_on(
        self, runtime: ProcessServiceRuntime, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service_runtime, "PROBE_SECONDS", 0.2)
        self.start(runtime, make_order())
        busy = pid_of(home)
        os.kill(busy, signal.SIGSTOP)
        self.wait_until(runtime, Observed.STARTING)
        os.kill(busy, signal.SIGCONT)
        self.wait_until(runtime, Observed.READY)
        runtime.start(make_order())
        assert pid_of(home) == busy

    def test_the_log_tail_is_of_this_start_alone(self, runtime: ProcessServiceRuntime) -> None:
        for _ in range(2):
            runtime.start(make_order(behaviour="broken"))
            status = wait_for(
                lambda: runtime.status("iris", 1), lambda s: "exit code 3" in s.reason
            )
            assert len(status.log_tail) == 2
            assert status.reason.endswith("the model cannot be loaded")

    def test_a_scorer_that_dies_before_it_answers_is_told_as_not_ready(
        self, runtime: ProcessServiceRuntime
    ) -> None:
        endpoint = self.start(runtime, make_order())
        with pytest.raises(ServiceNotReady, match="ended the connection"):
            self.get(runtime, endpoint, "/die")

    def test_a_call_over_its_time_is_told_as_not_ready(
        self, runtime: ProcessServiceRuntime
    ) -> None:
        endpoint = self.start(runtime, make_order())
        with pytest.raises(ServiceNotReady, match="longer than the time given"):
            runtime.call(endpoint, "GET", "/wait", headers={}, timeout_seconds=0.2)

    def test_what_was_accepted_is_answered_after_a_stop(
        self, runtime: ProcessServiceRuntime, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # It is not killed meanwhile, however long it takes until the gate is open.
        monkeypatch.setattr(runtime, "_grace_seconds", 600)
        spool = home / "spool" / "iris" / "1"
        endpoint = self.start(runtime, make_order())
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.get, runtime, endpoint, "/gate")
            wait_for((spool / "asked").exists)
            runtime.stop("iris", 1)
            assert not waiting.done()
            (spool / "open").touch()
            assert waiting.result().body == b"opened"
        wait_for((spool / "drained").exists)

    def test_a_scorer_that_does_not_drain_is_killed_after_the_grace(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        self.start(runtime, make_order(behaviour="deaf"))
        pid = pid_of(home)
        runtime.stop("iris", 1)
        wait_for(lambda: not birth_of(pid))
        assert not (home / "spool" / "iris" / "1" / "drained").exists()

    def test_a_new_start_does_not_wait_for_the_one_that_drains(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        self.start(runtime, make_order(behaviour="deaf"))
        old = pid_of(home)
        runtime.stop("iris", 1)
        self.start(runtime, make_order())
        assert pid_of(home) != old
        wait_for(lambda: not birth_of(old))
        # The end of the old one is not taken for the end of the new one.
        assert self.get(runtime, self.wait_until(runtime, Observed.READY).endpoint).status == 200

    def test_a_stop_leaves_neither_socket_nor_package_behind(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        self.start(runtime, make_order())
        runtime.stop("iris", 1)

        def left() -> list[Path]:
            return [p for p in (home / "run").rglob("*") if not p.is_dir() and p.suffix != ".lock"]

        wait_for(left, lambda found: found == [])

    def test_another_process_sees_and_calls_what_this_one_started(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        endpoint = self.start(runtime, make_order())
        racer = start_racer("look_at_service", home, "x")
        tell_to_go(racer)
        assert racer.communicate(timeout=30 * PATIENCE)[0].split() == ["ready", endpoint, "200"]

    def test_a_scorer_drains_when_its_owner_is_killed_and_the_next_owner_starts_afresh(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        owner = start_racer("own_service", home, "x")
        tell_to_go(owner)
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        pid = pid_of(home)
        owner.kill()
        owner.communicate()
        # Not FAILED, since nothing went wrong with it: a version being proved goes on.
        assert runtime.status("iris", 1).observed is Observed.STOPPED
        assert runtime.deployments() == []
        endpoint = self.start(runtime, make_order())
        assert self.get(runtime, endpoint).status == 200
        wait_for(lambda: not birth_of(pid))
        assert len((home / "spool" / "iris" / "1" / "drained").read_text().split()) == 1

    def test_a_package_that_is_not_the_registered_one_is_not_run(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        open_store(home).put(PACKAGE_KEY, b"something else")
        runtime.start(make_order())
        status = runtime.status("iris", 1)
        assert status.observed is Observed.FAILED
        assert "registered" in status.reason

    def test_a_package_that_lost_its_content_with_the_power_is_fetched_again(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        order = make_order()
        self.start(runtime, order)
        [kept] = (home / "run" / "packages").iterdir()
        os.kill(pid_of(home), signal.SIGKILL)
        wait_for(lambda: runtime.status("iris", 1).observed is Observed.FAILED)
        kept.write_bytes(b"")
        self.start(runtime, order)
        assert kept.read_bytes() == PACKAGE

    @pytest.mark.parametrize(
        "image", ["python:/no/such/python", "environment:0123", "environment:../x", "docker:x"]
    )
    def test_an_image_that_cannot_be_run_has_failed(
        self, runtime: ProcessServiceRuntime, image: str
    ) -> None:
        runtime.start(make_order(image=image))
        status = runtime.status("iris", 1)
        assert status.observed is Observed.FAILED
        assert image.partition(":")[2] in status.reason

    def test_a_runtime_of_another_platform_is_refused_with_a_message(
        self, runtime: ProcessServiceRuntime
    ) -> None:
        runtime.start(replace(make_order(), runtime="fargate"))
        status = self.wait_until(runtime, Observed.FAILED)
        assert "this platform (local) knows auto alone" in status.reason

    def test_threads_that_start_the_same_one_start_it_once(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: runtime.start(make_order()), range(4)))
        self.wait_until(runtime, Observed.READY)
        assert (home / "logs" / "iris-1.log").read_text().count("start of") == 1

    def test_a_number_that_another_process_took_over_is_not_taken_for_the_scorer(
        self, runtime: ProcessServiceRuntime, home: Path
    ) -> None:
        self.start(runtime, make_order())
        path = home / "run" / "iris-1.json"
        facts = json.loads(path.read_text())
        stranger = subprocess.Popen(["sleep", "600"])
        path.write_text(json.dumps({**facts, "pid": stranger.pid}))
        try:
            assert runtime.status("iris", 1).observed is Observed.FAILED
            runtime.stop("iris", 1)
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()
            os.kill(facts["pid"], signal.SIGTERM)
        wait_for(lambda: not birth_of(facts["pid"]))

    def test_a_long_home_still_has_room_for_a_socket(self, tmp_path: Path) -> None:
        home = tmp_path / ("long-" * 20)
        open_store(home).put(PACKAGE_KEY, PACKAGE)
        runtime = open_runtime(home)
        endpoint = self.start(runtime, make_order())
        assert self.get(runtime, endpoint).status == 200
        pid = pid_of(home)
        runtime.stop("iris", 1)
        wait_for(lambda: not birth_of(pid))
        wait_for(lambda: not Path(endpoint.removeprefix("unix:")).exists())
        Path(endpoint.removeprefix("unix:")).parent.rmdir()
