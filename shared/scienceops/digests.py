"""Digests: what tells a file from every other."""

import hashlib
from pathlib import Path


def digest_of(path: Path) -> str:
    """sha256 of a file in hexadecimal; it is read once from end to end."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
