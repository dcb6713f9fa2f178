"""Signing in: a token, shown once, begins a session that lasts as long as the token is good."""

from flask import Blueprint, Response, render_template, request, session, url_for

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.access import hash_key
from scienceops.web.access import SIGNED_IN, signed_in
from scienceops.web.acting import see_other
from scienceops.web.explaining import explain_on_pages


def blueprint(app: App, settings: Settings) -> Blueprint:
    """The routes /login and /logout."""
    routes = Blueprint("signing_in", __name__)
    explain_on_pages(routes)

    @routes.app_context_processor
    def person() -> dict[str, object]:
        return {"person": signed_in(app), "refresh_seconds": settings.refresh_seconds}

    @routes.app_template_global()
    def sign_in_address() -> str:
        """Where to sign in, and then see the page again that has this link."""
        if request.blueprint == routes.name:
            then = _own_path(request.values.get("then", ""))
        else:
            then = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return url_for("signing_in.ask", then=then)

    @routes.get("/login")
    def ask() -> str:
        return render_template("login.html", then=_own_path(request.args.get("then", "")), wrong="")

    @routes.post("/login")
    def sign_in() -> Response | tuple[str, int]:
        then = _own_path(request.form.get("then", ""))
        shown = hash_key(request.form.get("token", "").strip())
        if app.recognise(shown).role == "nobody":
            wrong = "No token like this is known here; look whether it was copied whole."
            return render_template("login.html", then=then, wrong=wrong), 403
        # A session from before must not go on under another name.
        session.clear()
        session[SIGNED_IN] = shown
        return see_other(then)

    @routes.post("/logout")
    def sign_out() -> Response:
        session.clear()
        return see_other(url_for("pages.services"))

    return routes


def _own_path(address: str) -> str:
    """The path to go to after signing in, if it is one of ours.

    >>> _own_path("/services/iris?all=1"), _own_path("https://elsewhere.example/"), _own_path("//x")
    ('/services/iris?all=1', '/', '/')
    """
    # A browser takes two slashes at the beginning, or more, for those before another host, either
    # of them a backslash or not, and passes over line breaks and tabs.
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and address[1:2] != "/" else "/"
