"""Access: who calls, and whether they may."""

from flask import Request

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.access import NOBODY, Caller, Role
from scienceops.errors import NotAllowed, NotAuthenticated

_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
#: Reading is open to whoever sits at the machine; it changes nothing.
ONLOOKER = Caller("onlooker", "viewer")


def bearer(request: Request) -> str:
    """The key of the Authorization header, or empty."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def require(request: Request, app: App, settings: Settings, role: Role) -> Caller:
    """The caller, who has at least this role; raises NotAuthenticated or NotAllowed."""
    key = bearer(request)
    caller = app.recognise(key) if key else NOBODY
    if not key and settings.cloud == "local" and _is_at_this_machine(request):
        caller = ONLOOKER
    if caller.may(role):
        return caller
    if caller.role == "nobody":
        raise NotAuthenticated("this needs `Authorization: Bearer TOKEN`: `scienceops tokens`")
    raise NotAllowed(f"{caller.name} is a {caller.role}; this needs the role {role}")


def _is_at_this_machine(request: Request) -> bool:
    # The Host header keeps a page elsewhere from reading through a name that it points here.
    host = request.host.rpartition(":")[0] or request.host
    return request.remote_addr in ("127.0.0.1", "::1") and host in _LOCAL_HOSTS
