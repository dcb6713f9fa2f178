"""Decisions API: flags, retraining, promotion, traffic, policy and lineage as JSON."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from flask import Blueprint, request

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.access import Caller, Role
from scienceops.core.policy import policy_text
from scienceops.errors import BadInput
from scienceops.web.access import require
from scienceops.web.asked import refuse_unknown, time_in_utc
from scienceops.web.bodies import read_json


def blueprint(app: App, settings: Settings) -> Blueprint:
    """The routes under /api/v1 that decide; reading needs a viewer, deciding an operator."""
    routes = Blueprint("decisions", __name__, url_prefix="/api/v1/services/<name>")
    refuse_unknown(routes, {})

    def caller(role: Role) -> Caller:
        return require(request, app, settings, role)

    _add_flags(routes, app, caller)
    _add_retraining(routes, app, caller)
    _add_promotion(routes, app, caller)
    return routes


def lineage_blueprint(app: App, settings: Settings) -> Blueprint:
    """The route from a request id back to what its answer came from."""
    routes = Blueprint("lineage", __name__, url_prefix="/api/v1")
    refuse_unknown(routes, {})

    @routes.get("/requests/<request_id>")
    def lineage(request_id: str) -> dict[str, Any]:
        require(request, app, settings, "viewer")
        return app.trace(request_id)

    return routes


def _add_flags(routes: Blueprint, app: App, caller: Callable[[Role], Caller]) -> None:
    @routes.get("/flags")
    def flags(name: str) -> list[dict[str, Any]]:
        caller("viewer")
        return app.decisions.flags(name)

    @routes.post("/flags")
    def flag(name: str) -> dict[str, Any]:
        actor = caller("operator").name
        body = _body({"kind", "since", "until", "request_ids", "comment"})
        made = app.decisions.flag(
            name,
            body.get("kind", ""),
            actor,
            since=_time(body, "since"),
            until=_time(body, "until"),
            request_ids=_texts(body, "request_ids"),
            comment=_text(body, "comment"),
        )
        return {**made.to_body(), "notes": app.decisions.notes_on(name, made)}

    @routes.post("/flags/<int:number>/undo")
    def undo_flag(name: str, number: int) -> dict[str, Any]:
        actor = caller("operator").name
        why = _text(_body({"comment"}), "comment")
        return app.decisions.undo_flag(name, number, actor, why).to_body()


def _add_retraining(routes: Blueprint, app: App, caller: Callable[[Role], Caller]) -> None:
    @routes.get("/retrainings")
    def retrainings(name: str) -> list[dict[str, Any]]:
        caller("viewer")
        return app.decisions.retrainings(name)

    @routes.get("/retrainings/<int:number>")
    def retraining(name: str, number: int) -> dict[str, Any]:
        caller("viewer")
        return app.decisions.retraining(name, number)

    @routes.post("/retrainings")
    def retrain(name: str) -> dict[str, Any]:
        actor = caller("operator").name
        body = _body({"selection", "why"})
        selection = body.get("selection")
        if not isinstance(selection, dict):
            raise BadInput('wanted {"selection": {"since": DAY, "until": DAY}, "why": ...}')
        return app.decisions.retrain(name, selection, actor, _text(body, "why")).to_body()

    @routes.post("/retrainings/<int:number>/start")
    def start(name: str, number: int) -> dict[str, Any]:
        return app.decisions.start_proposed(name, number, caller("operator").name).to_body()

    @routes.post("/retrainings/<int:number>/end")
    def end(name: str, number: int) -> dict[str, Any]:
        actor = caller("operator").name
        why = _text(_body({"comment"}), "comment")
        return app.decisions.end_retraining(name, number, actor, why).to_body()


def _add_promotion(routes: Blueprint, app: App, caller: Callable[[Role], Caller]) -> None:
    @routes.post("/versions/<int:number>/approve")
    def approve(name: str, number: int) -> dict[str, Any]:
        actor = caller("operator").name
        body = _body({"comment", "seen_live"})
        seen = _version_in(body, "seen_live")
        why = _text(body, "comment")
        return app.decisions.approve(name, number, actor, why, seen).to_body()

    @routes.post("/versions/<int:number>/reject")
    def reject(name: str, number: int) -> dict[str, Any]:
        actor = caller("operator").name
        app.decisions.reject(name, number, actor, _text(_body({"comment"}), "comment"))
        return app.version(name, number)

    @routes.post("/rollback")
    def rollback(name: str) -> dict[str, Any]:
        actor = caller("operator").name
        body = _body({"comment", "to"})
        why, to = _text(body, "comment"), _version_in(body, "to")
        return app.decisions.roll_back(name, actor, why, to).to_body()

    @routes.put("/traffic")
    def traffic(name: str) -> dict[str, Any]:
        actor = caller("operator").name
        body = _body({"weights", "shadow"})
        weights, shadow = body.get("weights", {}), body.get("shadow")
        told = isinstance(weights, dict) and all(v.isdecimal() and len(v) < 10 for v in weights)
        numbers = [*weights.values(), 0 if shadow is None else shadow] if told else []
        if not told or not all(map(_is_whole, numbers)):
            raise BadInput('wanted {"weights": {"3": 90, "4": 10}, "shadow": 5 or null}')
        shares = {int(version): weight for version, weight in weights.items()}
        app.decisions.share_traffic(name, shares, shadow, actor)
        return app.service(name)

    @routes.patch("/policy")
    def change_policy(name: str) -> dict[str, Any]:
        actor = caller("operator").name
        body = _body(None)
        values = {key: policy_text(value) for key, value in body.items()}
        return dict(app.decisions.change_policy(name, values, actor))


def _body(keys: Collection[str] | None) -> dict[str, Any]:
    """The JSON object that came, {} for nothing; raises BadInput for keys other than these."""
    if not request.get_data():
        return {}
    found = read_json(request)
    if not isinstance(found, dict):
        raise BadInput("wanted a JSON object as the body")
    unknown = sorted(set(found) - set(keys)) if keys is not None else []
    if unknown:
        raise BadInput(f"unknown key {unknown[0]!r}: keys are {', '.join(sorted(keys or ()))}")
    return found


def _version_in(body: dict[str, Any], key: str) -> int | None:
    number = body.get(key)
    if number is not None and not _is_whole(number):
        raise BadInput(f"{key} = {number!r}: wanted the number of a version")
    return number


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(body: dict[str, Any], key: str) -> str:
    """The text under a key, empty for none; raises BadInput for anything else."""
    text = body.get(key)
    if text is not None and not isinstance(text, str):
        raise BadInput(f"{key} = {text!r}: wanted a text")
    if text and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadInput(f"{key} = {text!a}: half of a pair of surrogates is no character")
    return text or ""


def _time(body: dict[str, Any], key: str) -> datetime | None:
    text = body.get(key)
    if text is None:
        return None
    try:
        if datetime.fromisoformat(str(text)).tzinfo is not None:
            return time_in_utc(str(text))
    except ValueError:
        pass
    raise BadInput(f"{key} = {text!r}: wanted a time with a zone, like 2026-11-23T09:30Z")


def _texts(body: dict[str, Any], key: str) -> list[str]:
    found = body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise BadInput(f"{key}: wanted a list of texts")
    return found
