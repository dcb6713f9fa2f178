"""Register a candidate: in place of an event that was lost, so that a retraining knows its end."""

from scienceops.core.names import candidate_key
from scienceops.core.retraining import Retraining
from scienceops.core.versions import Rejection
from scienceops.ports import Ports
from scienceops.usecases.records import Clock
from scienceops.usecases.register_upload import register_upload


def register_candidate(retraining: Retraining, ports: Ports, clock: Clock, limit_bytes: int) -> str:
    """Nothing once the upload is a version, else why it never will be one.

    An event that is merely late changes nothing: the same bytes are the same version.
    """
    key = candidate_key(retraining.service, retraining.number)
    # Its service is there, so that no policy is proposed with it, and no runtime.
    made = register_upload(key, ports, clock, limit_bytes, check_runtime=str)
    if made is None:
        return f"the candidate is gone from {key}; retrain again"
    if made.digest != retraining.package_digest:
        return f"{key} was replaced before it was registered; retrain again"
    if isinstance(made, Rejection):
        return f"the candidate was rejected: {made.reason}; {made.fix}"
    return ""
