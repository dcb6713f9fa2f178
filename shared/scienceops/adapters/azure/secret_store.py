"""KeyVaultSecretStore: one vault. A name's dots are `--` there, since it takes no dots.

A vault has no write upon a condition: every write is one more version, and the last one wins. So
whoever writes if absent looks and writes while holding a lock (see docs/decisions/0012).
"""

from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from scienceops.core.names import check_secret_name
from scienceops.errors import BadInput, SecretNotFound

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretClient

    from scienceops.adapters.azure.blob_lock import BlobLock

LARGEST_BYTES = 24 * 1024
#: What a name that somebody deleted answers until it is recovered; the vault keeps it for days.
_CONFLICT = 409


class KeyVaultSecretStore:
    """SecretStore in one vault; `polling_seconds` is how often a recovery is looked at."""

    def __init__(
        self, client: "SecretClient", lock: "BlobLock", *, polling_seconds: float = 1
    ) -> None:
        self._client = client
        self._lock = lock
        self._polling: dict[str, Any] = {"_polling_interval": polling_seconds}

    def get(self, name: str) -> str:
        """The value of the newest version."""
        try:
            found = self._client.get_secret(_vault_name(name))
        except ResourceNotFoundError:
            raise SecretNotFound(name) from None
        return found.value or ""

    def put(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """Write one more version."""
        vault_name = _vault_name(name)
        if len(value.encode()) > LARGEST_BYTES:
            raise BadInput(f"secret {name!r} is too large: wanted {LARGEST_BYTES} bytes at most")
        if not if_absent:
            return self._write(vault_name, value)
        try:
            return self.get(name)
        except SecretNotFound:
            with self._lock.hold(f"secret-{vault_name}"):
                return self._write_if_absent(name, vault_name, value)

    def _write_if_absent(self, name: str, vault_name: str, value: str) -> str:
        try:
            return self.get(name)
        except SecretNotFound:
            return self._write(vault_name, value)

    def _write(self, vault_name: str, value: str) -> str:
        try:
            self._client.set_secret(vault_name, value)
        except HttpResponseError as error:
            if error.status_code != _CONFLICT:
                raise
            # A deleted name cannot be written; recovered, it takes the new value on top.
            self._client.begin_recover_deleted_secret(vault_name, **self._polling).wait()
            self._client.set_secret(vault_name, value)
        return value


def _vault_name(name: str) -> str:
    # No name of ours has two hyphens in a row, so no two names become one.
    return check_secret_name(name).replace(".", "--")
