"""Collect garbage: find what the bucket holds to no more use, and delete it when told to.

Of versions/, captures/, labels/ and training_sets/ nothing is ever looked at here.
"""

import logging
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from scienceops.core.garbage import Garbage, InUse
from scienceops.core.names import (
    PACKAGES,
    RUNS,
    package_key,
    run_id,
    run_manifest_key,
    run_result_key,
    split_package_key,
)
from scienceops.core.retraining import MOVING
from scienceops.core.versions import OPEN_RUNS, RESTING, Deployment, Version, VersionState
from scienceops.digests import digest_of
from scienceops.errors import BadInput, ObjectNotFound
from scienceops.ports import Ports
from scienceops.ports.object_store import ObjectInfo
from scienceops.usecases.find_runs import current_runs, read_runs
from scienceops.usecases.records import find_all, read_versions, service_names
from scienceops.usecases.request_retraining import read_retrainings

log = logging.getLogger(__name__)


def find_garbage(ports: Ports, now: datetime, older_than: timedelta) -> list[Garbage]:
    """Uploads that are versions by now, and manifests of old runs that show nothing any more."""
    return [*_uploads(ports), *_manifests(ports, now - older_than)]


def delete_garbage(item: Garbage, ports: Ports) -> bool:
    """Delete it, unless it was replaced since it was found; whether it is gone."""
    try:
        if ports.objects.stat(item.name).etag != item.seen:
            return False
    except ObjectNotFound:
        return True
    ports.objects.delete(item.name)
    log.info("garbage deleted", extra={"kind": item.kind, "key": item.name})
    return True


def find_in_use(ports: Ports) -> InUse:
    """What must stay, whatever its age."""
    images: set[str] = set()
    builds, open_builds = set(), set()
    deployments = set()
    for name in service_names(ports.registry):
        for stored in find_all(ports.registry, name, "deployment/", Deployment):
            deployment = stored.value
            if deployment.desired == "running" or deployment.observed != "stopped":
                deployments.add((name, deployment.version))
        for version in _versions(name, ports):
            if version.state is VersionState.REJECTED and (name, version.number) not in deployments:
                continue
            images.update((version.image, version.training_image))
            builds.add(version.build_id)
            if version.state not in RESTING:
                open_builds.add(version.build_id)
    runs = current_runs(ports)
    return InUse(
        images=frozenset(images - {""}),
        builds=frozenset(builds - {""}),
        open_builds=frozenset(open_builds - {""}),
        open_jobs=frozenset(
            [run_id(run.number) for run in runs if run.state in OPEN_RUNS] + _training_jobs(ports)
        ),
        deployments=frozenset(deployments),
    )


def _training_jobs(ports: Ports) -> list[str]:
    """Keys of the jobs of retrainings that are under way, whose ends are still to be read."""
    return [
        f"{step}-{name}-{stored.value.number}"
        for name in service_names(ports.registry)
        for stored in read_retrainings(name, ports)
        if stored.value.state in MOVING
        for step in ("select", "train", "compare")
    ]


def _uploads(ports: Ports) -> Iterator[Garbage]:
    kept: dict[str, dict[int, list[Version]]] = {}
    for info in ports.objects.scan(PACKAGES):
        try:
            name, _ = split_package_key(info.key)
        except BadInput:
            continue
        if name not in kept:
            kept[name] = _kept_by_size(name, ports)
        version = _version_of(info, kept[name].get(info.size_bytes, []), ports)
        if version is not None:
            why = f"it is version {version.number}, kept under versions/{name}/{version.number}/"
            yield Garbage("upload", info.key, info.size_bytes, why, info.etag)


def _kept_by_size(name: str, ports: Ports) -> dict[int, list[Version]]:
    """Versions whose package is kept, by its size: only an upload of that size can be the same."""
    found: dict[int, list[Version]] = {}
    for version in _versions(name, ports):
        try:
            size = ports.objects.stat(package_key(name, version.number)).size_bytes
        except ObjectNotFound:
            # Its registration died halfway, and the upload is the only copy.
            continue
        found.setdefault(size, []).append(version)
    return found


def _version_of(info: ObjectInfo, candidates: list[Version], ports: Ports) -> Version | None:
    if not candidates:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.zip"
        try:
            ports.objects.download(info.key, path)
        except ObjectNotFound:
            return None
        digest = digest_of(path)
    return next((version for version in candidates if version.digest == digest), None)


def _manifests(ports: Ports, before: datetime) -> Iterator[Garbage]:
    runs = {stored.value.number: stored.value for stored in read_runs(ports)}
    shown = {
        day.run_number
        for name in service_names(ports.registry)
        for day in ports.statistics.days(name)
    }
    # By the records and not by the folder: what no run accounts for is nobody's to delete.
    ended = {
        key: number
        for number, run in runs.items()
        if run.state not in OPEN_RUNS and number not in shown
        for key in (run_manifest_key(run_id(number)), run_result_key(run_id(number)))
    }
    for info in ports.objects.scan(RUNS):
        if info.key in ended and info.modified_at < before:
            why = f"run {ended[info.key]} has ended and no day shows its rows"
            yield Garbage("run manifest", info.key, info.size_bytes, why, info.etag)


def _versions(name: str, ports: Ports) -> list[Version]:
    return [stored.value for stored in read_versions(ports.registry, name)]
