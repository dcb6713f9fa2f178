"""Register an upload: check the package as data, give it the next version, keep its files."""

import logging
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from scienceops.core.archive import check_zip_size
from scienceops.core.messages import WORK, AdvanceVersion
from scienceops.core.names import (
    check_service_name,
    package_key,
    split_package_key,
    version_file_key,
)
from scienceops.core.package import Package, read_package
from scienceops.core.policy import check_cron, read_policy
from scienceops.core.versions import Rejection, Service, Version
from scienceops.digests import digest_of
from scienceops.errors import (
    BadInput,
    BadPackage,
    BadPolicy,
    ObjectNotFound,
    RevisionConflict,
)
from scienceops.ports import Ports
from scienceops.ports.object_store import ObjectInfo, ObjectStore
from scienceops.usecases.records import (
    PLATFORM,
    Clock,
    Stored,
    find,
    number_key,
    read_versions,
    save,
    stamp,
)

log = logging.getLogger(__name__)

#: Files of the package that others read on their own, kept beside it.
KEPT = ("manifest.json", "schema.json", "sample.json", "baseline.parquet", "baseline.json")


def register_upload(
    key: str,
    ports: Ports,
    clock: Clock,
    limit_bytes: int,
    check_runtime: Callable[[str], str],
) -> Version | Rejection | None:
    """Make a version of the object at `key`, or record why not; None when it is gone again, or
    is no file.

    The same bytes are the same version, so a repeated event changes nothing.
    check_runtime: raises BadPolicy for a runtime that this platform does not have.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.zip"
        try:
            found = ports.objects.stat(key)
            # The place for it here may be smaller than a file that somebody put there.
            check_zip_size(found.size_bytes, limit_bytes)
            info = ports.objects.download(key, path)
        except BadPackage as error:
            return _reject(found, "", error, ports, clock)
        except ObjectNotFound:
            return None
        except BadInput as error:
            # A folder, which S3's console makes by an object: no later event would go better.
            log.warning("object passed over", extra={"reason": str(error)})
            return None
        try:
            name, _ = split_package_key(key)
            package = _accept(name, path, limit_bytes)
            _check_proposal(name, package, ports, check_runtime)
        except BadInput as error:
            return _reject(info, digest_of(path), error, ports, clock)
        _ensure_service(name, package, ports, clock)
        stored = _claim_number(key, name, package, ports, clock)
        keep_files(stored.value, path, package, ports.objects)
        ports.queue.send(WORK, AdvanceVersion(service=name, version=stored.value.number).to_body())
        return stored.value


def keep_files(version: Version, path: Path, package: Package, objects: ObjectStore) -> None:
    """Copy the package and the files that others read to the version's place, once."""
    name, number = version.service, version.number
    present = {info.key for info in objects.scan(version_file_key(name, number, ""))}
    for file in KEPT:
        key = version_file_key(name, number, file)
        if file in package.files and key not in present:
            objects.put(key, package.read(file))
    # The package goes last: where it is, the rest is too.
    if package_key(name, number) not in present:
        objects.put(package_key(name, number), path)


def recover_files(version: Version, ports: Ports, limit_bytes: int) -> None:
    """Keep the files of a version whose registration died before it could.

    Raises BadPackage when the upload has gone or changed in the meantime.
    """
    key = package_key(version.service, version.number)
    try:
        ports.objects.stat(key)
    except ObjectNotFound:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "package.zip"
            try:
                ports.objects.download(version.uploaded_key, path)
            except ObjectNotFound:
                raise BadPackage(
                    "the upload was removed before it could be kept",
                    file=version.uploaded_key,
                    fix="push the package again",
                ) from None
            package = read_package(path, limit_bytes=limit_bytes)
            if package.digest != version.digest:
                raise BadPackage(
                    "the upload was replaced before it could be kept",
                    file=version.uploaded_key,
                    fix="push the package again",
                ) from None
            keep_files(version, path, package, ports.objects)


def _accept(name: str, path: Path, limit_bytes: int) -> Package:
    check_service_name(name)
    package = read_package(path, limit_bytes=limit_bytes)
    if package.manifest.name != name:
        raise BadPackage(
            f"the package is named {package.manifest.name!r} but lies under packages/{name}/",
            file="manifest.json",
            fix=f"put it at packages/{package.manifest.name}/, or pack it again with name={name!r}",
        )
    return package


def _check_proposal(
    name: str, package: Package, ports: Ports, check_runtime: Callable[[str], str]
) -> None:
    try:
        policy = read_policy(package.policy)
        # Of a service that is there the policy is its own, whatever the package was made for.
        if find(ports.registry, name, "service", Service) is None:
            check_runtime(policy.runtime)
            check_cron(policy.retrain_cron)
    except BadPolicy as error:
        raise BadPackage(
            str(error), file="scienceops.toml", fix="correct the key and pack again"
        ) from error


def _reject(
    upload: ObjectInfo, digest: str, error: BadInput, ports: Ports, clock: Clock
) -> Rejection:
    key, now = upload.key, clock()
    rejection = Rejection(
        key=key,
        digest=digest,
        size_bytes=upload.size_bytes,
        reason=error.reason if isinstance(error, BadPackage) else str(error),
        fix=error.fix if isinstance(error, BadPackage) else "move the file and it is read again",
        file=error.file if isinstance(error, BadPackage) else "",
        at=stamp(now),
    )
    # A refused package makes no service, so it is kept with the platform's own records.
    content = digest or sha256(upload.etag.encode()).hexdigest()
    record = f"rejection/{content[:16]}-{key}"
    if found := find(ports.registry, PLATFORM, record, Rejection):
        return found.value
    try:
        save(
            ports.registry,
            Stored(rejection, PLATFORM, record),
            rejection,
            at=now,
            action="package rejected",
            why=str(error),
            details={"key": key, "digest": digest},
        )
    except RevisionConflict:
        return rejection
    log.warning("package rejected", extra={"key": key, "reason": str(error)})
    return rejection


def _ensure_service(name: str, package: Package, ports: Ports, clock: Clock) -> None:
    # The first package proposes the policy; later ones are not asked.
    if find(ports.registry, name, "service", Service) is not None:
        return
    now = clock()
    # The times of a cron line count from here.
    service = Service(name=name, policy=dict(package.policy), policy_at=stamp(now))
    try:
        save(
            ports.registry,
            Stored(service, name, "service"),
            service,
            at=now,
            action="service created",
            details={"policy": dict(package.policy)},
        )
    except RevisionConflict:
        log.info("service was created by another upload", extra={"service": name})


def _claim_number(
    key: str, name: str, package: Package, ports: Ports, clock: Clock
) -> Stored[Version]:
    while True:
        versions = read_versions(ports.registry, name)
        for stored in versions:
            if stored.value.digest == package.digest:
                return stored
        number = 1 + max((stored.value.number for stored in versions), default=0)
        now = clock()
        version = Version(
            service=name,
            number=number,
            digest=package.digest,
            uploaded_at=stamp(now),
            uploaded_key=key,
            manifest=package.manifest.to_document(),
            requirements=package.requirements,
        )
        try:
            stored = save(
                ports.registry,
                Stored(version, name, number_key("version", number)),
                version,
                at=now,
                action="version uploaded",
                details={"version": number, "digest": package.digest, "key": key},
            )
        except RevisionConflict:
            continue
        log.info("version uploaded", extra={"service": name, "version": number})
        return stored
