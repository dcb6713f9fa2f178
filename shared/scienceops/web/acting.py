"""Acting: what every button does around its action: who may, what came of it, and where to go."""

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, request, url_for

from scienceops.core.access import Caller, Role
from scienceops.errors import ScienceOpsError

#: Who asks, if they have at least this role; raises NotAuthenticated or NotAllowed.
WhoMay = Callable[[Role], Caller]


def act(action: Callable[[Caller], str], who_may: WhoMay, page: str, **place: Any) -> Response:
    """Do it as an operator, flash the sentence that tells of it or the error, and go to a page."""
    try:
        flash(action(who_may("operator")), "good")
    except ScienceOpsError as error:
        flash(str(error), "bad")
    return see_other(url_for(f"pages.{page}", **place))


def see_other(address: str) -> Response:
    """Let the browser look at an address, so that loading it again repeats no action."""
    return Response(status=303, headers={"Location": redirect(address).location})


def comment() -> str:
    """Why, in the words of who pressed the button."""
    return request.form.get("comment", "").strip()
