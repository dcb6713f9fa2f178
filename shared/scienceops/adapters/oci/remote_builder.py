"""RemoteImageBuilder: environments built by a cloud's build service, model images without it.

Nothing is kept between two calls but what lies in the bucket, for functions die:

    builds/ID/order.json    what was asked for; builds/ID/runs.json: who builds its environment
    builds/ID/result.json   how it ended; builds/ID/log.txt: its whole log
    environments/TAGS.json  under builds/ too: the last run of the service for these images
"""

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from scienceops.adapters.oci.build_context import (
    SERVE_TARGET,
    TRAIN_TARGET,
    BuildContext,
    scorer_requirements,
)
from scienceops.adapters.oci.build_log import failed_step
from scienceops.adapters.oci.build_service import BuildRun, BuildService
from scienceops.adapters.oci.image_order import (
    ImageOrder,
    find_environment,
    push_package,
    tags_of,
)
from scienceops.adapters.oci.registry import OciRegistry
from scienceops.config import Settings
from scienceops.core.known_fields import known_fields
from scienceops.core.names import BUILDS, plain_name
from scienceops.errors import (
    BuildFailed,
    ObjectExists,
    ObjectNotFound,
    ScienceOpsError,
    Unavailable,
)
from scienceops.ports.image_builder import BuildOrder, BuildState, BuildStatus
from scienceops.ports.object_store import ObjectStore

ORDER, RUNS, RESULT, LOG = "order.json", "runs.json", "result.json", "log.txt"
TAIL_LINES = 20
#: How long a registry or service that is away is waited for, from the order on.
PATIENCE = timedelta(minutes=30)
#: How long a run that was begun may be unknown to its service.
SHOWN_WITHIN = timedelta(minutes=2)


class RemoteImageBuilder:
    """ImageBuilder whose every call takes a step and returns; any of them may be the last.

    open_registry: opens the repository with credentials that are good now.
    always: what is needed beside a package's own requirements; the scorer's list when not given.
    """

    def __init__(
        self,
        objects: ObjectStore,
        open_registry: Callable[[], OciRegistry],
        service: BuildService,
        settings: Settings,
        *,
        always: Sequence[str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._objects = objects
        self._open_registry = open_registry
        self._service = service
        self._settings = settings
        self._always = always
        self._clock = clock

    def start(self, order: BuildOrder) -> str:
        """Write down the order; the steps are taken by who asks for its status."""
        build_id = plain_name(order.key)
        cloud, always = self._settings.cloud, self._always
        images = ImageOrder.of(
            order,
            base_image=self._settings.base_image,
            always=scorer_requirements(cloud) if always is None else always,
            cloud=cloud,
        )
        with contextlib.suppress(ObjectExists):
            self._objects.put(_key(build_id, ORDER), _bytes(images.to_document()), if_absent=True)
        return build_id

    def status(self, build_id: str) -> BuildStatus:
        """How the build stands, after its next step. What is away is waited for, with an end."""
        ended = self._result(build_id)
        if ended is not None:
            return ended
        order = self._read(_key(build_id, ORDER))
        if order is None:
            return BuildStatus(BuildState.FAILED, reason=f"no build {build_id!r} was ever started")
        try:
            return self._step(build_id, ImageOrder.from_document(order))
        except Unavailable as error:
            if self._age_of(build_id, ORDER) < PATIENCE:
                return BuildStatus(BuildState.RUNNING, log_tail=(f"{error}; trying again",))
            return self._fail(build_id, "", f"{error}; `scienceops retry` when it is back")
        except ScienceOpsError as error:
            return self._fail(build_id, self.log(build_id), str(error))

    def log(self, build_id: str) -> str:
        """What the build has told so far; of one that has ended, from the bucket."""
        try:
            return self._objects.get(_key(build_id, LOG)).decode()
        except ObjectNotFound:
            pass
        runs = self._read(_key(build_id, RUNS))
        return self._logs(runs["ids"]) if runs else ""

    def _step(self, build_id: str, order: ImageOrder) -> BuildStatus:
        registry = self._open_registry()
        runs = self._read(_key(build_id, RUNS))
        if runs is None:
            contexts = order.contexts
            found = find_environment(registry, tags_of(contexts))
            if not all(found.values()):
                self._begin(build_id, contexts, found)
                return BuildStatus(BuildState.RUNNING)
            identity = contexts[SERVE_TARGET].identity
            log = f"environment {identity} was built before; nothing to build\n"
        else:
            states = [self._service.status(run_id) for run_id in runs["ids"]]
            log = self._logs(runs["ids"])
            for run in states:
                if not run.shown and self._age_of(build_id, RUNS) < SHOWN_WITHIN:
                    return BuildStatus(BuildState.RUNNING, log_tail=_tail(log))
                if run.state is BuildState.FAILED:
                    reason = failed_step(log.splitlines()) or run.reason
                    return self._fail(build_id, log, reason)
            if any(run.state is BuildState.RUNNING for run in states):
                return BuildStatus(BuildState.RUNNING, log_tail=_tail(log))
            found = find_environment(registry, runs["tags"])
            for target, digest in found.items():
                if not digest:
                    raise BuildFailed(
                        f"the build ended well, but {registry.repository} has no "
                        f"{runs['tags'][target]}; is its retention too short?"
                    )
        return self._push(build_id, order, registry, found, log)

    def _begin(
        self, build_id: str, contexts: Mapping[str, BuildContext], found: Mapping[str, str]
    ) -> None:
        """Have built what is missing, one run for each context."""
        tags = tags_of(contexts)
        missing: dict[str, dict[str, str]] = {}
        for target, context in contexts.items():
            if not found[target]:
                missing.setdefault(context.identity, {})[target] = tags[target]
        by_identity = {context.identity: context for context in contexts.values()}
        ids = [self._run_for(by_identity[identity], wanted) for identity, wanted in missing.items()]
        with contextlib.suppress(ObjectExists):
            document = _bytes({"ids": ids, "tags": tags})
            self._objects.put(_key(build_id, RUNS), document, if_absent=True)

    def _run_for(self, context: BuildContext, tags: Mapping[str, str]) -> str:
        """The run that builds these images: one that is at it already, or a new one.

        Whoever begins after the same run does so under the same key, so that a service that knows
        keys begins once. Two runs would do no harm: the later image takes the tag.
        """
        place = f"{BUILDS}environments/{'+'.join(tags.values())}.json"
        last = str((self._read(place) or {}).get("id", ""))
        if last and self._service.status(last).state is BuildState.RUNNING:
            return last
        named = " ".join([*tags.values(), last])
        key = f"scienceops-{sha256(named.encode()).hexdigest()[:32]}"
        run_id = self._service.start(BuildRun(key, context, tags))
        self._objects.put(place, _bytes({"id": run_id}))
        return run_id

    def _push(
        self,
        build_id: str,
        order: ImageOrder,
        registry: OciRegistry,
        found: Mapping[str, str],
        log: str,
    ) -> BuildStatus:
        pushed = push_package(
            registry,
            self._objects,
            order,
            found[SERVE_TARGET],
            limit_bytes=self._settings.upload_limit_bytes,
        )
        how = "pushed" if pushed.was_sent else "was there already"
        log += f"model layer of {pushed.layer_size_bytes} bytes {how}: {pushed.image}\n"
        training = f"{registry.repository}@{found[TRAIN_TARGET]}" if TRAIN_TARGET in found else ""
        return self._end(
            build_id, log, BuildStatus(BuildState.SUCCEEDED, pushed.image, training_image=training)
        )

    def _fail(self, build_id: str, log: str, reason: str) -> BuildStatus:
        log = f"{log or self.log(build_id)}failed: {reason}\n"
        why = f"the image was not built: {reason}"
        return self._end(build_id, log, BuildStatus(BuildState.FAILED, reason=why))

    def _end(self, build_id: str, log: str, status: BuildStatus) -> BuildStatus:
        """Write down how it ended; what was written first holds."""
        ended = {**asdict(status), "log_tail": _tail(log)}
        with contextlib.suppress(ObjectExists):
            self._objects.put(_key(build_id, LOG), log.encode(), if_absent=True)
        with contextlib.suppress(ObjectExists):
            self._objects.put(_key(build_id, RESULT), _bytes(ended), if_absent=True)
        return self._result(build_id) or status

    def _result(self, build_id: str) -> BuildStatus | None:
        found = self._read(_key(build_id, RESULT))
        if found is None:
            return None
        state, tail = BuildState(found["state"]), tuple(found["log_tail"])
        known = known_fields(BuildStatus, {**found, "state": state, "log_tail": tail})
        return BuildStatus(**known)

    def _logs(self, run_ids: Sequence[str]) -> str:
        return "".join(self._service.log(run_id) for run_id in run_ids)

    def _age_of(self, build_id: str, name: str) -> timedelta:
        return self._clock() - self._objects.stat(_key(build_id, name)).modified_at

    def _read(self, key: str) -> dict[str, Any] | None:
        try:
            document: dict[str, Any] = json.loads(self._objects.get(key))
        except ObjectNotFound:
            return None
        return document


def _key(build_id: str, name: str) -> str:
    return f"{BUILDS}{plain_name(build_id)}/{name}"


def _bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _tail(log: str) -> tuple[str, ...]:
    return tuple(log.splitlines()[-TAIL_LINES:])
