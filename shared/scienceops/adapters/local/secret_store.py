"""FileSecretStore: one file per secret, for its owner's eyes alone."""

import os
import re
import secrets
from pathlib import Path

from scienceops.errors import BadInput, SecretNotFound

LARGEST_BYTES = 24 * 1024
_NAME = re.compile(r"[a-z][a-z0-9.-]{0,126}")


class FileSecretStore:
    """SecretStore in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    def get(self, name: str) -> str:
        """The value."""
        try:
            return self._path(name).read_text()
        except FileNotFoundError:
            raise SecretNotFound(name) from None

    def put(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """Store the value, whole or not at all."""
        path = self._path(name)
        if len(value.encode()) > LARGEST_BYTES:
            raise BadInput(f"secret {name!r} is too large: wanted {LARGEST_BYTES} bytes at most")
        if if_absent and path.exists():
            return path.read_text()
        temporary = self._folder / f".{name}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(value)
            f.flush()
            os.fsync(f.fileno())
        try:
            if not if_absent:
                temporary.replace(path)
                return value
            # A link fails where the name is taken, so exactly one of two writers wins.
            path.hardlink_to(temporary)
        except FileExistsError:
            return path.read_text()
        finally:
            temporary.unlink(missing_ok=True)
        return value

    def delete(self, name: str) -> None:
        """Remove it."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name!r} is not a secret's name: wanted lower case, digits, - and .")
        return self._folder / name
