"""The stand-in for Key Vault, kept in a file: for processes that share one vault."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import requests
from emulators.key_vault import StandInKeyVault

from scienceops.adapters.azure import clients
from scienceops.adapters.local.files import write_whole


class FileKeyVault(StandInKeyVault):
    """A vault of several processes, any of which may be killed at any moment."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, Any]]:
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._path.exists():
                self.versions = json.loads(self._path.read_text())
            answer = super()._answer(request)
            if request.method != "GET":
                write_whole(self._path, json.dumps(self.versions).encode())
            return answer


def use_vault_file() -> None:
    """Let this process take the vault of STAND_IN_VAULT for Key Vault, which has no emulator."""
    if path := os.environ.get("STAND_IN_VAULT"):
        clients.open_secrets = lambda *_: FileKeyVault(Path(path)).client()
