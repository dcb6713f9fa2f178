"""Pages: services, ModelMonitor, DataMonitor and what people decide, complete from the server."""

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.access import Caller, Role
from scienceops.core.labels import told_unmatched
from scienceops.core.ledger_words import words_of
from scienceops.core.started_with import going_on, kept
from scienceops.core.versions import RESTING, division_of
from scienceops.errors import BadInput, NotAuthenticated, NotFound
from scienceops.problems import problem_of
from scienceops.web import charts
from scienceops.web.access import require_on_page
from scienceops.web.acting import see_other
from scienceops.web.actions import add_actions
from scienceops.web.asked import day_of, number_of, time_of
from scienceops.web.chart_library import reply_with_script
from scienceops.web.data_actions import add_data_actions
from scienceops.web.explaining import explain_on_pages
from scienceops.web.figures import add_figures
from scienceops.web.policy_fields import policy_fields
from scienceops.web.try_page import add_try_page
from scienceops.web.unknown_paths import no_such_path

#: Entries of the ledger on a page.
HISTORY_ENTRIES = 50
#: Versions on a page, beside those that a person has to do with.
NEWEST_VERSIONS = 10


def blueprint(app: App, settings: Settings) -> Blueprint:
    """The pages and their buttons; looking needs a viewer, deciding an operator."""
    routes = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )

    def who_may(role: Role) -> Caller:
        return require_on_page(request, app, settings, role)

    @routes.before_request
    def look() -> Response | None:
        if request.endpoint == "pages.static" or request.path.startswith("/api/"):
            return None
        try:
            who_may("viewer")
        except NotAuthenticated:
            return see_other(url_for("signing_in.ask", then=request.full_path.rstrip("?")))
        return None

    @routes.context_processor
    def common() -> dict[str, object]:
        return {"charts": charts}

    add_figures(routes)
    explain_on_pages(routes)
    _add_monitors(routes, app)
    _add_deciding_pages(routes, app)
    add_try_page(routes, app, who_may)
    add_actions(routes, app, who_may)
    add_data_actions(routes, app, who_may)

    @routes.get("/<path:_>")
    def nowhere(_: str) -> str | Response:
        if request.path.startswith("/api/"):
            # A program asked, so it is answered as one.
            return problem_of(no_such_path("GET", request.path)).to_response()
        raise NotFound(f"there is no page {request.path}")

    @routes.get("/plotly.js")
    def plotly() -> Response:
        return reply_with_script(request)

    return routes


def _add_monitors(routes: Blueprint, app: App) -> None:
    @routes.get("/")
    def services() -> str:
        return render_template(
            "services.html",
            services=app.services(),
            rejections=app.rejections(),
            runs=app.runs(5),
            gone={kind: app.gone_before(kind) for kind in ("rejections", "runs")},
        )

    @routes.get("/services/<name>/models")
    def models(name: str) -> str:
        since, until, version = day_of("since"), day_of("until"), number_of("version")
        return render_template(
            "models.html",
            name=name,
            live=app.service(name)["live"],
            monitor=app.monitors.model(name, version=version, since=since, until=until),
            version=version,
            since=since,
            until=until,
            flagged=app.decisions.flagged_days(name),
            told_unmatched=told_unmatched,
        )

    @routes.get("/services/<name>/data")
    def data(name: str) -> str:
        everything = request.args.get("all") == "1"
        wanted = request.args.get("feature", "")
        since, until = day_of("since"), day_of("until")
        monitor = app.monitors.data(
            name,
            wanted=wanted,
            everything=everything,
            since=since,
            until=until,
            version=number_of("version"),
        )
        return render_template(
            "data.html",
            name=name,
            monitor=monitor,
            wanted=wanted,
            everything=everything,
            since=since,
            until=until,
            flagged=charts.flags_of(app.decisions.flagged_days(name), monitor["version"]),
        )

    @routes.get("/services/<name>/feature")
    def feature(name: str) -> str:
        # In the query, for a column may be called anything: gateways decode a path, and cut it.
        feature = request.args.get("feature", "")
        view = app.monitors.feature(name, feature, number_of("version"))
        flagged = charts.flags_of(app.decisions.flagged_days(name), view["version"])
        return render_template(
            "feature.html", name=name, feature=feature, view={**view, "flagged": flagged}
        )


def _worth_showing(service: dict[str, Any], waiting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest versions, and those older ones that answer calls or wait for something."""
    needed = {service["live"], service["previous"], service["shadow"]}
    needed |= {int(version) for version in service["traffic"]}
    needed |= {retraining["version"] for retraining in waiting}
    return [
        version
        for place, version in enumerate(service["versions"])
        if place < NEWEST_VERSIONS
        or version["version"] in needed
        or version["state"] not in RESTING
    ]


def _add_deciding_pages(routes: Blueprint, app: App) -> None:
    @routes.get("/services/<name>")
    def service(name: str) -> str:
        at, before = time_of("at"), number_of("before")
        entries = [
            entry
            for entry in reversed(app.history(name, at))
            if before is None or entry["sequence"] < before
        ]
        shown = entries[:HISTORY_ENTRIES]
        seen, waiting = app.service(name), app.decisions.waiting(name)
        everything = request.args.get("versions") == "all"
        versions = seen["versions"] if everything else _worth_showing(seen, waiting)
        return render_template(
            "service.html",
            service=seen,
            versions=versions,
            hidden=len(seen["versions"]) - len(versions),
            division=division_of(seen["live"], seen["traffic"], seen["shadow"]),
            kept={v["version"]: kept(seen["policy"], v["deployment"]) for v in seen["versions"]},
            building={
                v["version"]: app.build_log(name, v["version"]).splitlines()[-20:]
                for v in seen["versions"]
                if v["state"] == "building"
            },
            alerts=[rule for rule in app.alerts(name)["rules"] if rule["firing"]],
            waiting=waiting,
            at=at,
            to_come=at is not None and at > app.clock(),
            words_of=words_of,
            live_then=app.live_version(name, at),
            before=before,
            history=shown,
            older=len(entries) - len(shown),
        )

    @routes.get("/services/<name>/versions/<int:number>/build")
    def build(name: str, number: int) -> str:
        return render_template(
            "build.html",
            name=name,
            version=app.version(name, number),
            log=app.build_log(name, number),
        )

    @routes.get("/services/<name>/retrainings")
    def retrainings(name: str) -> str:
        return render_template(
            "retrainings.html",
            name=name,
            retrainings=app.decisions.retrainings(name),
            flags=app.decisions.flags(name)[::-1],
            days=[day["date"] for day in app.monitors.days(name)],
        )

    @routes.get("/services/<name>/retrainings/<int:number>")
    def retraining(name: str, number: int) -> str:
        found = app.decisions.retraining(name, number)
        version = found["version"]
        return render_template(
            "retraining.html",
            name=name,
            retraining=found,
            service=app.service(name),
            candidate=app.version(name, version) if version else None,
        )

    @routes.get("/services/<name>/policy")
    def policy(name: str) -> str:
        found = app.service(name)
        return render_template(
            "policy.html",
            name=name,
            fields=policy_fields(found["policy"]),
            notes=going_on(found),
        )

    @routes.get("/requests")
    def lineage() -> tuple[str, int]:
        identity = request.args.get("request_id", "").strip()
        found, reason, status = None, "", 200
        try:
            found = app.trace(identity) if identity else None
        except (BadInput, NotFound) as error:
            # Told beside the field, for what is wrong is most often a part that was not copied.
            reason, status = str(error), error.http_status
        name = found["service"] if found else None
        page = render_template(
            "lineage.html", name=name, identity=identity, found=found, reason=reason
        )
        return page, status
