"""Repository: where this platform's images are kept, and the credentials for it."""

import random
import secrets
import socket
from pathlib import Path

from docker import auth

from scienceops.adapters.local.files import make_folders, write_once
from scienceops.adapters.local.secret_store import FileSecretStore
from scienceops.config import Settings, load_settings

#: The path of a platform's own repository.
OWN_PATH = "scienceops"
OWN_USER = "scienceops"

#: Below the ports that Linux gives to connections, so that none of those is in the way.
PORTS = range(20_000, 30_000)


def repository_of(settings: Settings) -> str:
    """`HOST[:PORT]/PATH` of the repository for this platform's images."""
    return settings.images or f"127.0.0.1:{own_port(settings.home)}/{OWN_PATH}"


def credentials_of(repository: str, settings: Settings | None = None) -> tuple[str, str] | None:
    """(user, password) for a repository: of our own, or kept by `docker login`; else None."""
    home = (settings or load_settings()).home
    host = repository.partition("/")[0]
    if (home / "images" / "port").exists() and host == f"127.0.0.1:{own_port(home)}":
        return OWN_USER, own_password(home)
    found = auth.load_config().resolve_authconfig(host) or {}
    user, password = found.get("username"), found.get("password")
    return (user, password) if user and password else None


def own_port(home: Path) -> int:
    """The port of the home's own registry, chosen once, for references to images hold it."""
    path = home / "images" / "port"
    make_folders(path.parent)
    if not path.exists():
        write_once(path, str(_free_port()).encode())
    return int(path.read_text())


def own_password(home: Path) -> str:
    """What the home's own registry asks for, lest another user here puts an image into it."""
    store = FileSecretStore(home / "secrets")
    return store.put("image-registry", secrets.token_urlsafe(32), if_absent=True)


def _free_port() -> int:
    while True:
        port = random.choice(PORTS)  # It need not be hard to guess.
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
