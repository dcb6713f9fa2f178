"""Whether the platform's queues have set messages aside, and what to do about each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scienceops.doctor import Check

if TYPE_CHECKING:
    from scienceops.ports.message_queue import MessageQueue

#: Of as many as this a platform may hold more than it shows.
MOST_COUNTED = 32
MOST_STEPS = 3


def check_queues() -> list[Check]:
    """Of each queue of the platform that the settings name; nothing where there is none yet."""
    try:
        from scienceops.bootstrap import connect, explain
        from scienceops.config import load_settings
        from scienceops.core.messages import QUEUES

        settings = load_settings()
    except Exception:  # noqa: BLE001  # A broken package may raise anything; other checks tell it.
        return []
    if settings.cloud == "local" and not (settings.home / "platform.db").exists():
        return []
    try:
        queue = connect(settings).queue
        return [check_queue(name, queue) for name in QUEUES]
    except Exception as error:  # noqa: BLE001  # An SDK may raise anything.
        found = f"cannot be read: {explain(error, settings) or error}"
        return [Check("queues", "missing", found, "correct that, and look again")]


def check_queue(name: str, queue: "MessageQueue") -> Check:
    """What one queue has set aside: nobody tries it again, so it is for a person to go on."""
    aside = queue.set_aside(name)
    if not aside:
        return Check(f"queue {name}", "ok", "no message was set aside")
    count = f"at least {len(aside)}" if len(aside) >= MOST_COUNTED else str(len(aside))
    noun = "message was" if len(aside) == 1 else "messages were"
    steps = list(dict.fromkeys(next_step(name, body) for body in reversed(aside)))
    more = f"; and {len(steps) - MOST_STEPS} more" if len(steps) > MOST_STEPS else ""
    found = f"{count} {noun} set aside, every attempt at which failed"
    fix = "; ".join(steps[:MOST_STEPS]) + more + "; then scienceops messages --forget"
    return Check(f"queue {name}", "optional", found, fix)


def next_step(queue: str, body: Mapping[str, Any]) -> str:
    """What to do about one message."""
    service, version = body.get("service", ""), body.get("version", "")
    match body.get("kind"), service:
        case "advance_version", str(name) if name:
            return f"scienceops status {name}, then scienceops retry {name} {version} if it failed"
        case "advance_retraining", str(name) if name:
            return f"scienceops status {name}, then scienceops retrain {name} if it failed"
        case "follow_run", _:
            return f"scienceops status says how run {body.get('run')} stands; the clock retries it"
        case "reconcile_deployment", str(name) if name:
            return f"scienceops status {name}; the clock looks at version {version} again"
        case "capture_changed", str(name) if name:
            return f"scienceops stats {name} --run"
        case "send_alert", str(name) if name:
            return f"scienceops alerts {name}"
    return f"look at what sends to queue {queue}: a message cannot be understood"
