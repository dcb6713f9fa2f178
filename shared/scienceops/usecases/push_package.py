"""Push a package: put a zip where the upload door sees it."""

from pathlib import Path

from scienceops.core.names import PACKAGES, check_service_name
from scienceops.core.package import read_package
from scienceops.digests import digest_of
from scienceops.errors import BadPackage
from scienceops.ports import Ports


def push_package(path: Path, ports: Ports, limit_bytes: int) -> dict[str, str]:
    """Upload the zip under its own name: {"key", "digest", "service"}.

    A bad package is refused here already, with the reason the upload door would give.
    """
    try:
        package = read_package(path, limit_bytes=limit_bytes)
    except BadPackage as error:
        file = ": ".join(filter(None, [str(path), error.file]))
        raise BadPackage(error.reason, file=file, fix=error.fix) from None
    name = check_service_name(package.manifest.name)
    digest = digest_of(path)
    key = f"{PACKAGES}{name}/{digest[:16]}.zip"
    ports.objects.put(key, path)
    return {"key": key, "digest": digest, "service": name}
