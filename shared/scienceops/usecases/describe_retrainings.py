"""Describe retrainings: as plain values, with what became of each candidate."""

from collections.abc import Callable
from typing import Any

from scienceops.core.retraining import Retraining, RetrainingState, Selection
from scienceops.core.versions import VersionState
from scienceops.ports import Ports
from scienceops.usecases.describe import made_live
from scienceops.usecases.records import read_service, read_versions
from scienceops.usecases.request_retraining import read_retraining, read_retrainings

#: Of a candidate that nobody has decided about.
TO_DECIDE = "to decide"
#: What a selection is where it says nothing of it.
UNLESS_SAID = {
    name: field.default for name, field in Selection.model_fields.items() if not field.is_required()
}


def describe_retrainings(name: str, ports: Ports) -> list[dict[str, Any]]:
    """Every retraining of a service, newest first, each with `candidate` as below."""
    told = _teller(name, ports)
    return [told(stored.value) for stored in reversed(read_retrainings(name, ports))]


def describe_retraining(name: str, number: int, ports: Ports) -> dict[str, Any]:
    """One of them, with the log of its job so far; raises NotFound."""
    found = read_retraining(name, number, ports).value
    log = ports.jobs.log(found.job_id) if found.job_id else "\n".join(found.log_tail)
    return {**_teller(name, ports)(found), "log": log}


def waiting_for_people(name: str, ports: Ports) -> list[dict[str, Any]]:
    """Proposals, and compared candidates that were neither live yet nor rejected; newest first."""
    return [
        told
        for told in describe_retrainings(name, ports)
        if told["state"] == RetrainingState.PROPOSED or told["candidate"] == TO_DECIDE
    ]


def _teller(name: str, ports: Ports) -> Callable[[Retraining], dict[str, Any]]:
    """Tells a retraining with `candidate`: of a compared one whether its version is `live`, `was
    live`, `rejected` or `failed`, or TO_DECIDE; else nothing."""
    live = read_service(ports.registry, name).value.live
    states = {v.value.number: v.value.state for v in read_versions(ports.registry, name)}
    tried = {entry["details"].get("version") for entry in made_live(name, ports)}

    def tell(retraining: Retraining) -> dict[str, Any]:
        version = retraining.version
        candidate = ""
        if retraining.state is RetrainingState.COMPARED and version is not None:
            state = states.get(version)
            if version == live:
                candidate = "live"
            elif state is not VersionState.PROVED:
                candidate = str(state or "")
            else:
                candidate = "was live" if version in tried else TO_DECIDE
        # One that could not be begun was kept with what was asked alone: its days.
        selection = {**UNLESS_SAID, **retraining.selection}
        return {**retraining.to_body(), "selection": selection, "candidate": candidate}

    return tell
