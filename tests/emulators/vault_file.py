"""The stand-in for Key Vault, kept in a file: for processes that share one vault."""

import json
import os
from pathlib import Path
from typing import Any

import requests
from emulators.key_vault import StandInKeyVault

from scienceops.adapters.azure import clients


class FileKeyVault(StandInKeyVault):
    """A vault of several processes, which do not write at the same moment."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, Any]]:
        if self._path.exists():
            self.versions = json.loads(self._path.read_text())
        answer = super()._answer(request)
        if request.method != "GET":
            self._path.write_text(json.dumps(self.versions))
        return answer


def use_vault_file() -> None:
    """Let this process take the vault of STAND_IN_VAULT for Key Vault, which has no emulator."""
    if path := os.environ.get("STAND_IN_VAULT"):
        clients.open_secrets = lambda *_: FileKeyVault(Path(path)).client()
