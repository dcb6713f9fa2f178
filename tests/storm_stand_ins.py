"""Stand-ins for what computes in a cloud: builds, scorers and jobs that are done when asked for.

They count, so that a test can tell what was done twice; no image is built and no model is run.
"""

import json
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date

from support_pack import package_files

from scienceops.bodies import Body
from scienceops.core.names import Partition, run_id, run_result_key
from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus
from scienceops.ports.job_launcher import JobOrder, JobState, JobStatus
from scienceops.ports.object_store import ObjectStore
from scienceops.ports.service_runtime import DeployOrder, Observed, Reply, ServiceStatus
from scienceops.ports.statistics_store import StatisticRow, StatisticsStore

ANSWER = json.dumps(json.loads(package_files()["sample.json"])).encode()


class StandInBuilder:
    """Every build has succeeded."""

    def __init__(self) -> None:
        self.builds: dict[str, BuildOrder] = {}

    def start(self, order: BuildOrder) -> str:
        assert self.builds.setdefault(order.key, order) == order
        return order.key

    def status(self, build_id: str) -> BuildStatus:
        return BuildStatus(BuildState.SUCCEEDED, image=f"stand-in:{build_id}")

    def log(self, build_id: str) -> str:
        return ""


class StandInRuntime:
    """Every service is ready, and answers the sample of support_pack's package."""

    def __init__(self) -> None:
        self.running: dict[tuple[str, int], DeployOrder] = {}

    def start(self, order: DeployOrder) -> None:
        self.running[order.service, order.version] = order

    def status(self, service: str, version: int) -> ServiceStatus:
        if (service, version) not in self.running:
            return ServiceStatus(service, version, Observed.STOPPED)
        return ServiceStatus(service, version, Observed.READY, endpoint=f"{service}/{version}")

    def stop(self, service: str, version: int) -> None:
        self.running.pop((service, version), None)

    def deployments(self) -> list[ServiceStatus]:
        return [self.status(*place) for place in list(self.running)]

    def call(
        self,
        endpoint: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Body = b"",
        timeout_seconds: float = 60,
    ) -> Reply:
        return Reply(200, {}, ANSWER)


class StandInJobs:
    """A statistics job counts the segments of each day of its manifest, and shows the count."""

    def __init__(self, objects: ObjectStore, statistics: StatisticsStore) -> None:
        self.jobs: Counter[str] = Counter()
        self._objects = objects
        self._statistics = statistics
        self._lock = threading.Lock()

    def start(self, order: JobOrder) -> str:
        with self._lock:
            self.jobs[order.key] += 1
            if self.jobs[order.key] == 1:
                self._run(json.loads(self._objects.get(order.arguments[1])))
        return order.key

    def status(self, job_id: str) -> JobStatus:
        return JobStatus(JobState.SUCCEEDED)

    def cancel(self, job_id: str) -> None:
        raise AssertionError("nothing here is cancelled")

    def log(self, job_id: str) -> str:
        return ""

    def _run(self, manifest: dict) -> None:
        number = manifest["run_number"]
        for part in manifest["partitions"]:
            day = date.fromisoformat(part["date"])
            partition = Partition(part["service"], part["version"], day)
            segments = len(part["keys"])
            model = f"{partition.service}:{partition.version}"
            tuple_ = ("storm", partition.service, model, day, "segments", "count")
            row = StatisticRow(*tuple_, float(segments), segments)
            self._statistics.write(number, partition, [row])
            self._statistics.publish(number, partition)
        result = {"engine": "stand-in", "partitions": len(manifest["partitions"])}
        self._objects.put(run_result_key(run_id(number)), json.dumps(result).encode())
