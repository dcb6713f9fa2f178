"""RemoteImageBuilder keeps the promises of the builder, with a stand-in for the build service."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contract.image_builder import ImageBuilderContract
from contract.racers import open_store
from models import pack_iris
from stand_in_registry import Registry, serve_registry

from scienceops.adapters.oci.build_service import BuildRun, RunStatus
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.adapters.oci.remote_builder import PATIENCE, SHOWN_WITHIN, RemoteImageBuilder
from scienceops.config import Settings
from scienceops.ports.image_builder import BuildOrder, BuildState

KEY = "versions/iris/1/package.zip"


@dataclass
class StandInService:
    """A build service that ends each run at one of the looks at it."""

    registry: Registry
    knows_keys: bool = True
    pushes: bool = True
    ends_at: int = 2
    shows: bool = True
    runs: dict[str, BuildRun] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)

    def start(self, run: BuildRun) -> str:
        run_id = run.key if self.knows_keys else f"run-{len(self.runs)}"
        self.runs[run_id] = run
        return run_id

    def status(self, run_id: str) -> RunStatus:
        if not self.shows:
            return RunStatus(BuildState.FAILED, f"no run {run_id}", shown=False)
        self.looks[run_id] = self.looks.get(run_id, 0) + 1
        if self.looks[run_id] < self.ends_at:
            return RunStatus(BuildState.RUNNING)
        run = self.runs[run_id]
        if b"flask<2" in run.context.files["requirements.txt"]:
            return RunStatus(BuildState.FAILED, "the run ended as FAILED")
        for tag in run.tags.values() if self.pushes else ():
            self.registry.put_environment(tag)
        return RunStatus(BuildState.SUCCEEDED)

    def log(self, run_id: str) -> str:
        installing = "Step 5/20 : RUN /opt/venv/bin/pip install --requirement requirements.txt\n"
        said = "".join(f"line {number}\n" for number in range(30)) + installing
        if self.looks.get(run_id, 0) >= self.ends_at:
            said += "ERROR: no matching distribution\n"
        return said


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serve_registry() as registry:
        yield registry


class TestRemoteImageBuilder(ImageBuilderContract):
    @pytest.fixture
    def service(self, registry: Registry) -> StandInService:
        return StandInService(registry)

    @pytest.fixture
    def make(
        self, tmp_path: Path, registry: Registry, service: StandInService, package: Path
    ) -> Callable[..., RemoteImageBuilder]:
        """A builder that knows nothing of the others, as each function's is."""
        open_store(tmp_path).put(KEY, package)
        repository = f"{registry.host}/scienceops"

        def make_one(later: timedelta = timedelta()) -> RemoteImageBuilder:
            return RemoteImageBuilder(
                open_store(tmp_path),
                lambda: OciRegistry(repository),
                service,
                Settings(home=tmp_path, cloud="aws"),
                clock=lambda: datetime.now(UTC) + later,
            )

        return make_one

    @pytest.fixture
    def builder(self, make: Callable[..., RemoteImageBuilder]) -> RemoteImageBuilder:
        return make()

    @pytest.fixture
    def good_order(self, package: Path) -> Callable[[str], BuildOrder]:
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        return lambda key: BuildOrder(key, "iris", 1, KEY, digest, ("scikit-learn",), "3.11")

    @pytest.fixture
    def bad_order(self) -> Callable[[str], BuildOrder]:
        return lambda key: BuildOrder(key, "iris", 1, KEY, "0" * 64, ("flask<2",), "3.11")

    def test_every_step_may_be_another_process(self, make, good_order, registry) -> None:
        build_id = make().start(good_order("iris-1-1"))
        seen = [make().status(build_id).state for _ in range(3)]
        assert seen == [BuildState.RUNNING, BuildState.RUNNING, BuildState.SUCCEEDED]
        image = make().status(build_id).image
        assert image.startswith(f"{registry.host}/scienceops@sha256:")
        assert image.partition("@")[2] in registry.manifests

    def test_a_known_environment_needs_no_run(self, make, good_order, service) -> None:
        first = self.end_of(make(), make().start(good_order("iris-1-1")))
        again = make().start(good_order("iris-1-2"))
        assert make().status(again).image == first.image
        assert "nothing to build" in make().log(again)
        assert len(service.runs) == 1

    def test_versions_that_need_the_same_environment_wait_for_one_run(
        self, make, good_order, service
    ) -> None:
        service.knows_keys, service.ends_at = False, 10
        ids = [make().start(good_order(f"iris-1-{attempt}")) for attempt in range(4)]
        for build_id in ids:
            make().status(build_id)
        assert {self.end_of(make(), build_id).state for build_id in ids} == {BuildState.SUCCEEDED}
        assert len(service.runs) == 1

    def test_two_that_begin_at_once_do_no_harm(self, make, good_order, service, tmp_path) -> None:
        # Both find nothing, for neither has written down its run yet.
        service.knows_keys = False
        ids = [make().start(good_order(f"iris-1-{attempt}")) for attempt in range(2)]
        make().status(ids[0])
        for place in (tmp_path / "bucket/builds/environments").iterdir():
            place.unlink()
        make().status(ids[1])
        assert len(service.runs) == 2
        assert len({self.end_of(make(), build_id).image for build_id in ids}) == 1

    def test_one_that_dies_before_it_wrote_down_its_run_begins_the_same_again(
        self, make, good_order, service, tmp_path
    ) -> None:
        build_id = make().start(good_order("iris-1-1"))
        make().status(build_id)
        for place in ("environments", build_id):
            for file in (tmp_path / "bucket/builds" / place).iterdir():
                if file.name != "order.json":
                    file.unlink()
        assert self.end_of(make(), build_id).state is BuildState.SUCCEEDED
        assert len(service.runs) == 1

    def test_a_retry_after_a_failed_run_is_another_run(self, make, bad_order, service) -> None:
        for attempt in range(2):
            self.end_of(make(), make().start(bad_order(f"iris-1-{attempt}")))
        assert len(service.runs) == 2

    def test_serving_and_training_that_need_the_same_are_one_run(
        self, make, good_order, service
    ) -> None:
        make().status(make().start(good_order("iris-1-1")))
        (run,) = service.runs.values()
        assert [tag.partition("-")[0] for tag in run.tags.values()] == ["environment", "training"]
        assert b"boto3" in run.context.files["requirements.txt"]

    def test_a_run_that_leaves_no_image_has_failed(self, make, good_order, service) -> None:
        service.pushes = False
        status = self.end_of(make(), make().start(good_order("iris-1-1")))
        assert "has no environment-" in status.reason

    def test_a_run_that_is_not_shown_yet_goes_on_and_has_failed_after_a_while(
        self, make, good_order, service
    ) -> None:
        build_id = make().start(good_order("iris-1-1"))
        make().status(build_id)
        service.shows = False
        assert make().status(build_id).state is BuildState.RUNNING
        service.shows = True
        assert make().status(build_id).state is BuildState.RUNNING
        service.shows = False
        assert make(SHOWN_WITHIN).status(build_id).state is BuildState.FAILED

    def test_a_registry_that_is_away_is_waited_for_with_an_end(
        self, make, good_order, registry, monkeypatch
    ) -> None:
        monkeypatch.setattr("scienceops.adapters.oci.registry.WAITS_SECONDS", ())
        registry.is_away = True
        build_id = make().start(good_order("iris-1-1"))
        assert make().status(build_id).state is BuildState.RUNNING
        registry.is_away = False
        assert make().status(build_id).state is BuildState.RUNNING
        registry.is_away = True
        status = self.end_of(make(PATIENCE), build_id)
        assert status.state is BuildState.FAILED
        assert "`scienceops retry` when it is back" in status.reason

    def test_a_package_that_is_not_the_registered_one_is_refused(
        self, make, good_order, tmp_path
    ) -> None:
        build_id = make().start(good_order("iris-1-1"))
        open_store(tmp_path).put(KEY, b"something else")
        status = self.end_of(make(), build_id)
        assert "upload the package again" in status.reason
