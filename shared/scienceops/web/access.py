"""Access: who calls, and whether they may."""

from urllib.parse import urlsplit

from flask import Request, session

from scienceops.app import App
from scienceops.config import Settings
from scienceops.core.access import NOBODY, Caller, Role, hash_key
from scienceops.errors import NotAllowed, NotAuthenticated

_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
#: What proxies add to the calls that they pass on.
_OF_PROXIES = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)
#: Reading is open to whoever sits at the machine; it changes nothing.
ONLOOKER = Caller("onlooker", "viewer")
#: In a session: the hash of the token that was shown, never the token.
SIGNED_IN = "token_sha256"


def bearer(request: Request) -> str:
    """The key of the Authorization header, or empty."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def require(request: Request, app: App, settings: Settings, role: Role) -> Caller:
    """The caller of the API, who has at least this role; raises NotAuthenticated or NotAllowed.

    A session is not looked at, so that no page elsewhere can make a browser call the API.
    """
    key = bearer(request)
    caller = app.recognise(hash_key(key)) if key else onlooker(request, settings)
    if caller.role == "nobody":
        raise NotAuthenticated("this needs `Authorization: Bearer TOKEN`: `scienceops tokens`")
    return _with_role(caller, role)


def require_on_page(request: Request, app: App, settings: Settings, role: Role) -> Caller:
    """Who looks at a page or presses a button of it; raises NotAuthenticated or NotAllowed."""
    caller = signed_in(app)
    if caller.role == "nobody" and (role == "viewer" or bearer(request)):
        return require(request, app, settings, role)
    if caller.role == "nobody":
        raise NotAuthenticated("this needs you to sign in with a token of your own")
    return _with_role(caller, role)


def signed_in(app: App) -> Caller:
    """Whose session this is, as long as the token is good that began it; else nobody's."""
    shown = session.get(SIGNED_IN, "")
    return app.recognise(shown) if shown else NOBODY


def _with_role(caller: Caller, role: Role) -> Caller:
    if caller.may(role):
        return caller
    raise NotAllowed(
        f"{caller.name} is a {caller.role}; this needs the role {role}: send a token made with "
        f"`scienceops tokens create NAME --role {role}`"
    )


def onlooker(request: Request, settings: Settings) -> Caller:
    """Who calls without a key: ONLOOKER at this machine, else NOBODY."""
    # Where people come from elsewhere, a proxy on this machine asks for them all.
    own = settings.cloud == "local" and _is_local(settings.public_url or "//localhost")
    return ONLOOKER if own and _is_at_this_machine(request) else NOBODY


def _is_at_this_machine(request: Request) -> bool:
    # The Host header keeps a page elsewhere from reading through a name that it points here.
    near = request.remote_addr in ("127.0.0.1", "::1") and _is_local(request.host_url)
    # nginx, told no more than a `proxy_pass`, adds no header and says 127.0.0.1 in Host, but speaks
    # HTTP/1.0, as browsers and clients do not any more.
    is_old = request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"
    return near and not is_old and not any(name in request.headers for name in _OF_PROXIES)


def _is_local(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOCAL_HOSTS
    except ValueError:
        return False
