"""The job of a retraining's step: begun once, looked after, and ended when nobody wants it.

What is to be begun is written down first. So whoever dies between beginning a job and noting its id
leaves an order by which it is found again: the same order is the same job.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from scienceops.core.known_fields import known_fields
from scienceops.core.names import (
    PACKAGES,
    TRAINING_SETS,
    training_order_key,
    training_result_key,
    version_prefix,
)
from scienceops.core.retraining import Retraining, RetrainingState
from scienceops.errors import RevisionConflict
from scienceops.ports import Ports
from scienceops.ports.job_launcher import JobOrder
from scienceops.usecases.records import Clock, Stored, find, save


def order_job(
    retraining: Retraining,
    step: str,
    seconds: float,
    *,
    image: str = "",
    calling_image: str = "",
    extra: tuple[str, ...] = (),
) -> JobOrder:
    """The job of a step: what it runs, for how long, and what it may read and write."""
    name, number = retraining.service, retraining.number
    return JobOrder(
        key=f"{step}-{name}-{number}",
        module=f"scienceops.training.{step}",
        arguments=("--order", retraining.order or training_order_key(name, number), *extra),
        timeout_seconds=seconds,
        image=image,
        calling_image=calling_image,
        reads=(version_prefix(name, retraining.base), f"{TRAINING_SETS}{name}/"),
        writes=(f"{PACKAGES}{name}/", training_result_key(name, number, step)),
    )


def begin_job(stored: Stored[Retraining], order: JobOrder, ports: Ports, clock: Clock) -> None:
    """Write down what is to be begun; when that is done, begin it and note its id.

    Raises RevisionConflict when somebody else was first; a job that was cancelled while it was
    begun is ended, for nobody else knows that there is one.
    """
    retraining = stored.value
    if not retraining.beginning:
        wanted = retraining.model_copy(update={"beginning": asdict(order)})
        save(ports.registry, stored, wanted, at=clock())
        return
    job_id = ports.jobs.start(_read_order(retraining.beginning))
    begun = retraining.model_copy(update={"job_id": job_id, "beginning": {}})
    try:
        save(ports.registry, stored, begun, at=clock())
    except RevisionConflict:
        found = find(ports.registry, stored.partition, stored.key, Retraining)
        if found is not None and found.value.state is RetrainingState.CANCELLED:
            ports.jobs.cancel(job_id)
        raise


def end_job(retraining: Retraining, ports: Ports) -> None:
    """End the job that a retraining has, or may have: whoever began one may have died since."""
    job_id = retraining.job_id
    if not job_id and retraining.beginning:
        job_id = ports.jobs.start(_read_order(retraining.beginning))
    if job_id:
        ports.jobs.cancel(job_id)


def _read_order(document: Mapping[str, Any]) -> JobOrder:
    lists = {name: tuple(document[name]) for name in ("arguments", "reads", "writes")}
    return JobOrder(**known_fields(JobOrder, {**document, **lists}))
