"""Actions on data: flag days, label rows, begin and end retrainings."""

from typing import Any

from flask import Blueprint, Response, request

from scienceops.app import App
from scienceops.core.access import Caller
from scienceops.errors import BadInput
from scienceops.web.acting import WhoMay, act, comment
from scienceops.web.asked import window_in_form


def add_data_actions(routes: Blueprint, app: App, who_may: WhoMay) -> None:
    """The routes that the buttons post to; each needs an operator."""
    decisions = app.decisions

    @routes.post("/services/<name>/flags")
    def flag(name: str) -> Response:
        def action(person: Caller) -> str:
            kind: Any = request.form.get("kind", "")
            ids = request.form.get("requests", "").split()
            since, until = (None, None) if ids else window_in_form()
            made = decisions.flag(
                name,
                kind,
                person.name,
                since=since,
                until=until,
                request_ids=ids,
                comment=comment(),
            )
            notes = decisions.notes_on(name, made)
            return "; ".join([f"Flag {made.number} holds: {made.kind}", *notes]) + "."

        return act(action, who_may, "retrainings", name=name)

    @routes.post("/services/<name>/flags/<int:number>/undo")
    def undo_flag(name: str, number: int) -> Response:
        def action(person: Caller) -> str:
            decisions.undo_flag(name, number, person.name, comment())
            return f"Flag {number} holds no more."

        return act(action, who_may, "retrainings", name=name)

    @routes.post("/services/<name>/labels")
    def label(name: str) -> Response:
        identity = request.form.get("request_id", "").strip()

        def action(person: Caller) -> str:
            item = {"request_id": identity, "row": 0, "label": _label(name, app)}
            told = app.label(name, [item], person)
            if told["problems"]:
                raise BadInput(str(told["problems"][0]["problem"]))
            return "The label is kept; the statistics of its day follow."

        return act(action, who_may, "lineage", request_id=identity)

    @routes.post("/services/<name>/retrainings")
    def retrain(name: str) -> Response:
        def action(person: Caller) -> str:
            begun = decisions.retrain(name, _selection(), person.name, comment())
            return f"Retraining {begun.number} has begun."

        return act(action, who_may, "retrainings", name=name)

    @routes.post("/services/<name>/retrainings/<int:number>/start")
    def start(name: str, number: int) -> Response:
        def action(person: Caller) -> str:
            decisions.start_proposed(name, number, person.name)
            return f"Retraining {number} has begun."

        return act(action, who_may, "retraining", name=name, number=number)

    @routes.post("/services/<name>/retrainings/<int:number>/end")
    def end(name: str, number: int) -> Response:
        def action(person: Caller) -> str:
            ended = decisions.end_retraining(name, number, person.name, comment())
            return f"Retraining {number} is {ended.state}."

        return act(action, who_may, "retraining", name=name, number=number)


def _selection() -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "since": request.form.get("since", ""),
        "until": request.form.get("until", ""),
        "flagged_only": request.form.get("flagged_only") == "1",
    }
    for field in ("keep_original", "half_life_days"):
        if text := request.form.get(field, "").strip():
            wanted[field] = text
    return wanted


def _label(name: str, app: App) -> str | float:
    text = request.form.get("label", "").strip()
    if not text:
        raise BadInput("a label is wanted: what the row turned out to be")
    if app.service(name)["task"] != "regression":
        return text
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"label {text!r}: wanted a number") from None
