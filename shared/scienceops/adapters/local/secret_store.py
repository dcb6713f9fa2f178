"""FileSecretStore: one file per secret, for its owner's eyes alone."""

from pathlib import Path

from scienceops.adapters.local.files import make_folders, write_once, write_whole
from scienceops.core.names import check_secret_name
from scienceops.errors import BadInput, SecretNotFound

LARGEST_BYTES = 24 * 1024
OWNER_FILE = 0o600
OWNER_FOLDER = 0o700


class FileSecretStore:
    """SecretStore in a folder that only its owner can enter."""

    def __init__(self, folder: Path) -> None:
        make_folders(folder)
        folder.chmod(OWNER_FOLDER)
        self._folder = folder

    def get(self, name: str) -> str:
        """The value."""
        try:
            return self._path(name).read_bytes().decode()
        except FileNotFoundError:
            raise SecretNotFound(name) from None

    def put(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """Store the value, whole or not at all."""
        path, data = self._path(name), value.encode()
        if len(data) > LARGEST_BYTES:
            raise BadInput(f"secret {name!r} is too large: wanted {LARGEST_BYTES} bytes at most")
        if not if_absent:
            write_whole(path, data, mode=OWNER_FILE)
            return value
        while True:
            try:
                return self.get(name)
            except SecretNotFound:
                if write_once(path, data, mode=OWNER_FILE):
                    return value

    def _path(self, name: str) -> Path:
        return self._folder / check_secret_name(name)
