"""Garbage of an engine: containers and images of a home that nothing uses any more."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import docker

from scienceops.adapters.engine.connection import AWAY, OWNER_LABEL, connect, find_engine
from scienceops.adapters.engine.containers import CLIENT_LABEL, has_client
from scienceops.adapters.engine.image_store import ImageStore
from scienceops.config import Settings, docker_host
from scienceops.core.garbage import Garbage, InUse
from scienceops.core.images import BASE_DIGEST
from scienceops.errors import EngineUnavailable, NotFound

#: What was made this recently may not have been recorded by whoever asked for it.
FRESH = timedelta(hours=1)


class EngineGarbage:
    """Finds and deletes what an engine holds for one home; nothing without that home's label."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._settings = settings

    def find(self, in_use: InUse, now: datetime, older_than: timedelta) -> list[Garbage]:
        """Containers that nobody runs, images that no version needs; nothing without an engine."""
        found: list[Garbage] = []
        with self._engine() as client:
            if client is not None:
                found += self._containers(client, (now - FRESH).timestamp())
                found += self._images(client, in_use, now, older_than)
        return found

    def unseen(self) -> str:
        """Why nothing of the engine can be looked at; empty when it can, or holds nothing."""
        if not (self._home / "images").is_dir():
            return ""
        try:
            engine, why = find_engine(self._settings.engine, docker_host())
        except EngineUnavailable as error:
            engine, why = None, str(error)
        return "" if engine else f"containers and images of this home were not looked at: {why}"

    def delete(self, item: Garbage) -> bool:
        """Delete it; whether it is gone."""
        is_gone = False
        with self._engine() as client, contextlib.suppress(docker.errors.APIError):
            if client is not None and item.kind == "container":
                client.api.remove_container(item.seen, force=True)
                is_gone = True
            elif client is not None:
                client.images.remove(item.seen)
                is_gone = True
        return is_gone

    def _containers(self, client: docker.DockerClient, fresh: float) -> Iterator[Garbage]:
        for found in client.api.containers(all=True, size=True, filters=self._owned()):
            if has_client(found["Labels"].get(CLIENT_LABEL, "")) or found["Created"] > fresh:
                continue
            name = found["Names"][0].strip("/")
            why = "the process that ran it is gone"
            yield Garbage("container", name, found.get("SizeRw", 0), why, found["Id"])

    def _images(
        self, client: docker.DockerClient, in_use: InUse, now: datetime, older_than: timedelta
    ) -> Iterator[Garbage]:
        all_images = client.api.df()["Images"] or []
        images = [i for i in all_images if self._is_ours(i)]
        used = {image.partition("@")[2] for image in in_use.images}
        # An environment that a version in use was made from is wanted by the next such version.
        used |= {i["Labels"].get(BASE_DIGEST, "") for i in images if _digests(i) & used}
        for image in images:
            # One that was not pushed is of a training by hand, which may be wanted again.
            age = FRESH if _digests(image) else max(FRESH, older_than)
            is_fresh = image["Created"] > (now - age).timestamp()
            if _digests(image) & used or image["Containers"] > 0 or is_fresh:
                continue
            names = [name for name in image["RepoTags"] or () if "<none>" not in name]
            names += [name for name in image["RepoDigests"] or () if "<none>" not in name]
            why = "no version uses it that is not rejected"
            for name in names[:1]:
                room = image["Size"] - max(image["SharedSize"], 0)
                yield Garbage("image", name, room, why, name)

    def _is_ours(self, image: Mapping[str, Any]) -> bool:
        return bool((image["Labels"] or {}).get(OWNER_LABEL) == str(self._home))

    def _owned(self) -> dict[str, str]:
        return {"label": f"{OWNER_LABEL}={self._home}"}

    @contextlib.contextmanager
    def _engine(self) -> Iterator[docker.DockerClient | None]:
        try:
            engine, _ = find_engine(self._settings.engine, docker_host())
            client = connect(engine.address) if engine else None
        except EngineUnavailable:
            client = None
        try:
            yield client
        except AWAY:
            # It went away meanwhile: what could not be looked at is left alone.
            return
        finally:
            if client is not None:
                client.close()


def unused_image_files(home: Path, in_use: InUse) -> Iterator[Path]:
    """Files of the home's own registry that no version in use needs."""
    if not (home / "images").is_dir():
        return
    store = ImageStore(home / "images")
    used = {image.partition("@")[2] for image in in_use.images if "@" in image}
    for digest in sorted(used):
        with contextlib.suppress(NotFound):
            used.add(store.base_of(digest))
    yield from store.unused(used - {""})


def _digests(image: Mapping[str, Any]) -> set[str]:
    return {name.partition("@")[2] for name in image["RepoDigests"] or () if "<none>" not in name}
