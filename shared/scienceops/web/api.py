"""Management API: services, versions, ledger and statistics as JSON."""

from typing import Any, cast

from flask import Blueprint, request

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.access import Caller, Role
from scienceops.errors import BadInput
from scienceops.web.access import require
from scienceops.web.asked import day_of, numbers_of, refuse_unknown, time_of

#: What the routes read of a query.
QUERIES = {
    "history": ("at",),
    "statistics": ("version", "feature", "statistic", "since", "until"),
    "run_statistics": ("engine",),
    "create_key": ("slot",),
}


def blueprint(app: App, settings: Settings) -> Blueprint:
    """The routes under /api/v1 that manage; reading needs a viewer, writing an operator."""
    routes = Blueprint("api", __name__, url_prefix="/api/v1")
    refuse_unknown(routes, QUERIES)

    def caller(role: Role) -> Caller:
        return require(request, app, settings, role)

    @routes.get("/services")
    def services() -> list[dict[str, Any]]:
        caller("viewer")
        return app.services()

    @routes.get("/services/<name>")
    def service(name: str) -> dict[str, Any]:
        caller("viewer")
        return app.service(name)

    @routes.get("/services/<name>/versions/<int:number>")
    def version(name: str, number: int) -> dict[str, Any]:
        caller("viewer")
        return app.version(name, number)

    @routes.get("/services/<name>/versions/<int:number>/log")
    def build_log(name: str, number: int) -> dict[str, str]:
        caller("viewer")
        return {"log": app.build_log(name, number)}

    @routes.post("/services/<name>/versions/<int:number>/retry")
    def retry(name: str, number: int) -> dict[str, Any]:
        app.retry(name, number, caller("operator").name)
        return app.version(name, number)

    @routes.get("/services/<name>/history")
    def history(name: str) -> dict[str, Any]:
        caller("viewer")
        at = time_of("at")
        return {"live": app.live_version(name, at), "entries": app.history(name, at)}

    @routes.get("/services/<name>/alerts")
    def alerts(name: str) -> dict[str, Any]:
        caller("viewer")
        return app.alerts(name)

    @routes.get("/services/<name>/statistics")
    def statistics(name: str) -> dict[str, Any]:
        caller("viewer")
        versions = numbers_of("version")
        rows = app.monitors.statistics(
            name,
            versions=versions or None,
            features=request.args.getlist("feature") or None,
            statistics=request.args.getlist("statistic") or None,
            since=day_of("since"),
            until=day_of("until"),
        )
        return {"service": name, "days": app.monitors.days(name), "rows": rows}

    @routes.post("/services/<name>/statistics")
    def run_statistics(name: str) -> dict[str, Any]:
        engine = request.args.get("engine")
        if engine not in (None, "auto", "inline", "spark"):
            raise BadInput(f"engine {engine!r}: wanted auto, inline or spark")
        run = app.request_statistics(name, caller("operator").name, engine)
        return {"run": run.number if run else None}

    @routes.post("/services/<name>/keys")
    def create_key(name: str) -> dict[str, str]:
        slot = request.args.get("slot")
        if slot not in (None, "primary", "secondary"):
            raise BadInput(f"slot {slot!r}: wanted primary or secondary")
        return app.create_key(name, cast("Any", slot), caller("operator").name)

    @routes.delete("/services/<name>/keys/<any(primary, secondary):slot>")
    def revoke_key(name: str, slot: str) -> dict[str, str]:
        app.revoke_key(name, cast("Any", slot), caller("operator").name)
        return {"revoked": slot}

    @routes.get("/rejections")
    def rejections() -> dict[str, Any]:
        caller("viewer")
        return {"rejections": app.rejections(), "gone_before": app.gone_before("rejections")}

    @routes.get("/runs")
    def runs() -> dict[str, Any]:
        caller("viewer")
        return {"runs": app.runs(), "gone_before": app.gone_before("runs")}

    return routes
