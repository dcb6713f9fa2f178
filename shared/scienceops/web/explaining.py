"""Explaining: an error on a page is a page that says why, and what to do next."""

from flask import Blueprint, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from scienceops.errors import ScienceOpsError

_STALE = (
    "this form does not belong to your session: the page was open for too long, or the browser "
    "keeps no cookies of this site; nothing was changed; go back, load the page and try again"
)


def explain_on_pages(routes: Blueprint) -> None:
    """Let every error of these routes be a page."""

    @routes.errorhandler(ScienceOpsError)
    def explain(error: ScienceOpsError) -> tuple[str, int]:
        return render_template("error.html", reason=str(error)), error.http_status

    @routes.errorhandler(HTTPException)
    def explain_http(error: HTTPException) -> tuple[str, int]:
        reason = _STALE if isinstance(error, CSRFError) else error.description
        return render_template("error.html", reason=reason), error.code or 500
