"""BlobLock: one holder at a time, by the lease of a blob, for services that have no condition."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError, ResourceExistsError

from scienceops.errors import Unavailable

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobLeaseClient, ContainerClient

#: The longest that a lease may be asked for; a holder that dies is waited for no longer.
LEASE_SECONDS = 60
PATIENCE_SECONDS = 90
_LOOK_SECONDS = 0.1
_HELD = "LeaseAlreadyPresent"
#: To a write without the lease; Azurite looks first at whether the blob may be made.
_OTHERS = "LeaseIdMissing"


class BlobLock:
    """Locks by name in one container, under `locks/`."""

    def __init__(self, container: "ContainerClient") -> None:
        self._container = container

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Be the only holder of the name, for LEASE_SECONDS at most; raises Unavailable.

        Who has held it for longer is alone no more: what is done under it takes moments.
        """
        blob = self._container.get_blob_client(f"locks/{name}")
        _make(blob)
        lease = _acquire(blob, name)
        try:
            yield
        finally:
            lease.release()


def _make(blob: "BlobClient") -> None:
    """Make the blob, unless it is there; one that somebody holds refuses, whatever is asked."""
    try:
        blob.upload_blob(b"", overwrite=False)
    except ResourceExistsError:
        return
    except HttpResponseError as error:
        if getattr(error, "error_code", "") != _OTHERS:
            raise


def _acquire(blob: "BlobClient", name: str) -> "BlobLeaseClient":
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return blob.acquire_lease(LEASE_SECONDS)
        except HttpResponseError as error:
            if getattr(error, "error_code", "") != _HELD:
                raise
        if time.monotonic() > end:
            raise Unavailable(
                f"the lock {name!r} was held by others for {PATIENCE_SECONDS} s; try again",
                retry_after_seconds=LEASE_SECONDS,
            )
        time.sleep(_LOOK_SECONDS)
