"""ImageStore: blobs, manifests and tags of one repository, in a folder."""

import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from scienceops.adapters.local.files import make_folders, write_whole
from scienceops.core.images import BASE_DIGEST, sha256
from scienceops.errors import BadInput, NotFound

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_CHUNK_BYTES = 1024 * 1024


class ImageStore:
    """Content by its digest under blobs/, digests by their tag under tags/, uploads/ half done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("blobs", "tags", "uploads"):
            make_folders(folder / name)

    def blob(self, digest: str) -> Path:
        """The file with the content; raises NotFound."""
        path = self._path(digest)
        if not path.exists():
            raise NotFound(f"no blob {digest}")
        return path

    def begin(self) -> str:
        """The name of a new upload."""
        name = uuid.uuid4().hex
        (self._folder / "uploads" / name).touch()
        return name

    def append(self, upload: str, content: IO[bytes]) -> int:
        """Add to an upload; its size by then."""
        path = self._upload(upload)
        try:
            with path.open("ab") as file:
                while piece := content.read(_CHUNK_BYTES):
                    file.write(piece)
        except OSError:
            # Whoever sends it begins anew, and a full disk has no room for both.
            path.unlink(missing_ok=True)
            raise
        return path.stat().st_size

    def finish(self, upload: str, digest: str) -> None:
        """Make an upload a blob; raises BadInput when its content is not what the digest says."""
        path, place = self._upload(upload), self._path(digest)
        with path.open("rb+") as file:
            found = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
            os.fsync(file.fileno())
        if found != digest:
            path.unlink()
            raise BadInput(f"the upload is {found}, not {digest}: push it again")
        path.replace(place)

    def abandon(self, upload: str) -> None:
        """Forget an upload."""
        self._upload(upload).unlink()

    def manifest(self, reference: str) -> bytes:
        """The manifest of a tag or digest; raises NotFound."""
        if _DIGEST.fullmatch(reference):
            return self.blob(reference).read_bytes()
        path = self._tag(reference)
        if not path.exists():
            raise NotFound(f"no image {reference!r}")
        return self.blob(path.read_text()).read_bytes()

    def base_of(self, digest: str) -> str:
        """The digest of the image that this one was made from; empty when it does not say."""
        return str(json.loads(self.manifest(digest)).get("annotations", {}).get(BASE_DIGEST, ""))

    def put_manifest(self, reference: str, manifest: bytes) -> str:
        """Store a manifest, all of whose content is there, under a tag or digest; its digest."""
        digest = sha256(manifest)
        try:
            parts = _parts_of(json.loads(manifest))
        except ValueError:
            raise BadInput("the manifest is no JSON") from None
        for part in parts:
            self.blob(part)
        if _DIGEST.fullmatch(reference) and reference != digest:
            raise BadInput(f"the manifest is {digest}, not {reference}: push it again")
        write_whole(self._path(digest), manifest)
        if not _DIGEST.fullmatch(reference):
            write_whole(self._tag(reference), digest.encode())
        return digest

    def unused(self, used: Iterable[str]) -> Iterator[Path]:
        """Tags and blobs that none of the manifests named by `used` needs, half uploads too."""
        kept = {digest for digest in used if self._path(digest).exists()}
        for digest in sorted(kept):
            kept.update(_parts_of(json.loads(self._path(digest).read_bytes())))
        for path in sorted((self._folder / "tags").iterdir()):
            if path.read_text() not in kept:
                yield path
        for path in sorted((self._folder / "blobs").iterdir()):
            if f"sha256:{path.name}" not in kept:
                yield path
        yield from sorted((self._folder / "uploads").iterdir())

    def _path(self, digest: str) -> Path:
        found = _DIGEST.fullmatch(digest)
        if found is None:
            raise BadInput(f"{digest!r} is no digest: wanted sha256:HEX")
        return self._folder / "blobs" / found[1]

    def _tag(self, tag: str) -> Path:
        if not _TAG.fullmatch(tag):
            raise BadInput(f"{tag!r} is no tag")
        return self._folder / "tags" / tag

    def _upload(self, name: str) -> Path:
        path = self._folder / "uploads" / name
        if not name.isalnum() or not path.exists():
            raise NotFound(f"no upload {name!r}: begin it again")
        return path


def _parts_of(manifest: Any) -> list[str]:
    """The digests that a manifest names; raises BadInput unless it is one image's."""
    try:
        return [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    except (KeyError, TypeError):
        raise BadInput("this is no image manifest: lists of images are not kept here") from None
