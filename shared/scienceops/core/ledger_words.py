"""Ledger words: what an entry of the ledger says was done, from its facts, in words."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from scienceops.core.alerts import summary
from scienceops.core.policy import policy_text

Facts = Mapping[str, Any]


def words_of(entry: Mapping[str, Any]) -> str:
    """What was done beyond the action's name, in one line; empty when that says it all.

    entry: what `describe_history` gives. An entry without a fact tells of the others.

    >>> words_of({"action": "policy changed", "details": {"margin": "0.1", "was": {"margin": "0"}}})
    'margin 0 → 0.1'
    >>> words_of({"action": "service stopped", "details": {"version": 1}})
    ''
    """
    tell = _WORDS.get(entry["action"])
    return tell(entry["details"]) if tell else ""


def _policy(facts: Facts) -> str:
    was = facts.get("was")
    if was is None:
        return ", ".join(f"{key} = {_value(value)}" for key, value in facts.items())
    return ", ".join(f"{key} {_value(was[key])} → {_value(facts[key])}" for key in was)


def _value(value: Any) -> str:
    return policy_text(value) or "empty"


def _traffic(facts: Facts) -> str:
    now = _split(facts)
    return f"{_split(facts['was'])} → {now}" if "was" in facts else now


def _split(facts: Facts) -> str:
    weights = facts.get("weights") or {}
    shares = " ".join(f"{version}={weight}" for version, weight in sorted(weights.items()))
    shadow = facts.get("shadow")
    return (shares or "all to the live version") + (f", shadow {shadow}" if shadow else "")


def _key(facts: Facts) -> str:
    return " ".join(str(facts[name]) for name in ("slot", "hint") if facts.get(name))


def _flag(facts: Facts) -> str:
    number, requests = facts.get("flag"), facts.get("requests")
    if facts.get("kind") == "undo":
        return f"flag {number}"
    told = f"flag {number}, {facts.get('kind')}: "
    if requests:
        return told + f"{requests} request{'s' if requests > 1 else ''}"
    return told + _window(str(facts.get("since")), str(facts.get("until")))


def _window(since: str, until: str) -> str:
    """Whole days as days, the last one included; else times."""
    if since[11:16] != "00:00" or until[11:16] != "00:00":
        return f"{since[:16]} to {until[:16]}".replace("T", " ")
    last = (date.fromisoformat(until[:10]) - timedelta(days=1)).isoformat()
    return last if last == since[:10] else f"{since[:10]} to {last}"


def _retraining(facts: Facts) -> str:
    return f"retraining {facts['retraining']}" if "retraining" in facts else ""


def _proposed_policy(facts: Facts) -> str:
    policy = facts.get("policy")
    return f"with {_policy(policy)}" if policy else ""


def _alert(facts: Facts) -> str:
    return str(facts["rule"]).replace("_", " ")


def _alert_began(facts: Facts) -> str:
    return f"{_alert(facts)} ({summary(facts['rule'], facts)})"


_WORDS: Mapping[str, Callable[[Facts], str]] = {
    "policy changed": _policy,
    "traffic changed": _traffic,
    "key created": _key,
    "key revoked": _key,
    "data flagged": _flag,
    "flag undone": _flag,
    "retraining asked for": _retraining,
    "retraining proposed": _retraining,
    "retraining ended": _retraining,
    "retraining failed": _retraining,
    "service created": _proposed_policy,
    "alert began": _alert_began,
    "alert ended": _alert,
    "alert given up": _alert,
}
