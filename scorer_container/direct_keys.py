"""Direct keys: whose keys, beside the gateway's, open this scorer, as the bucket says."""

import json
import logging
import threading
import time

from scienceops.core.access import matches
from scienceops.core.names import access_key
from scienceops.errors import ObjectNotFound
from scienceops.ports.object_store import ObjectStore

log = logging.getLogger(__name__)

#: A key that is made or revoked is known within this time.
REFRESH_SECONDS = 2.0
#: A list that could not be read again for so long opens nothing any more.
FORGET_SECONDS = 30.0


class DirectKeys:
    """The hashes in the service's list, read in the background: no call waits for the bucket."""

    def __init__(self, objects: ObjectStore, service: str) -> None:
        self._objects = objects
        self._key = access_key(service)
        self._hashes: tuple[str, ...] = ()
        self._good_until = 0.0

    def keep_fresh(self) -> None:
        """Read the list now and from now on, in a thread that ends with the process."""
        threading.Thread(target=self._repeat, name="direct keys", daemon=True).start()

    def admits(self, key_sha256: str) -> bool:
        """Whether the key with this hash is on the list, as of at most FORGET_SECONDS ago."""
        return time.monotonic() < self._good_until and matches(key_sha256, self._hashes)

    def refresh(self) -> None:
        """Read the list; raises what the bucket raises, and ValueError when it is none."""
        try:
            hashes = json.loads(self._objects.get(self._key))["key_sha256"]
        except ObjectNotFound:
            hashes = []
        self._hashes = tuple(map(str, hashes))
        self._good_until = time.monotonic() + FORGET_SECONDS

    def _repeat(self) -> None:
        while True:
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001  # The next look may succeed.
                log.warning("list of direct keys not read", extra={"reason": str(error)})
            time.sleep(REFRESH_SECONDS)
