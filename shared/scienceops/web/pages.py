"""Pages: services, ModelMonitor and DataMonitor, complete from the server."""

from flask import Blueprint, Response, render_template, request

from scienceops.app import App
from scienceops.config import Settings
from scienceops.web import charts
from scienceops.web.access import require
from scienceops.web.asked import day_of


def blueprint(app: App, settings: Settings) -> Blueprint:
    """The pages; looking needs a viewer."""
    routes = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )

    @routes.before_request
    def look() -> None:
        require(request, app, settings, "viewer")

    @routes.context_processor
    def common() -> dict[str, object]:
        return {"refresh_seconds": settings.refresh_seconds, "charts": charts}

    @routes.get("/")
    def services() -> str:
        return render_template(
            "services.html",
            services=app.services(),
            rejections=app.rejections(),
            runs=app.runs(5),
        )

    @routes.get("/services/<name>")
    def service(name: str) -> str:
        return render_template(
            "service.html", service=app.service(name), history=app.history(name)[::-1][:50]
        )

    @routes.get("/services/<name>/models")
    def models(name: str) -> str:
        return render_template("models.html", name=name, monitor=app.model_monitor(name))

    @routes.get("/services/<name>/data")
    def data(name: str) -> str:
        everything = request.args.get("all") == "1"
        wanted = request.args.get("feature", "")
        since, until = day_of("since"), day_of("until")
        monitor = app.data_monitor(
            name, wanted=wanted, everything=everything, since=since, until=until
        )
        return render_template(
            "data.html",
            name=name,
            monitor=monitor,
            wanted=wanted,
            everything=everything,
            since=since,
            until=until,
        )

    @routes.get("/services/<name>/data/<path:feature>")
    def feature(name: str, feature: str) -> str:
        return render_template(
            "feature.html", name=name, feature=feature, view=app.feature_monitor(name, feature)
        )

    @routes.get("/plotly.js")
    def plotly() -> Response:
        from plotly.offline import get_plotlyjs

        reply = Response(get_plotlyjs(), content_type="text/javascript; charset=utf-8")
        reply.headers["Cache-Control"] = "public, max-age=604800, immutable"
        return reply

    return routes
