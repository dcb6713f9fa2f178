"""Sessions: the cookie goes back over HTTPS alone whenever it was given over HTTPS."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface


class Sessions(SecureCookieSessionInterface):
    """Flask's own signed cookie, with Secure set on a platform that is reached by HTTPS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie of this reply carries Secure."""
        return request.is_secure or super().get_cookie_secure(app)
