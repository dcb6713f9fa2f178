"""Trust: a TLS client that believes in one certificate, the one that `up` says it serves."""

import ssl
import urllib.request
from http.client import HTTPResponse
from pathlib import Path

from scienceops.errors import Unavailable


def trust_only(certificate: Path) -> ssl.SSLContext:
    """A context for which nobody but the owner of this certificate's key is the other side.

    The names in it are not compared: it may have been made for the name under which others reach
    this machine, and no other certificate is accepted anyway. Raises Unavailable.
    """
    try:
        text = certificate.read_text()
        # A file may hold a chain; its first certificate is the server's own.
        end = text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
        own = ssl.PEM_cert_to_DER_cert(text[text.index(ssl.PEM_HEADER) : end])
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"the certificate {certificate} that `up` serves cannot be read ({error}): "
            "stop it and start it again with `scienceops up --tls`"
        ) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=own)
    # Without this a certificate that another one has signed could not be trusted by itself.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def open_here(
    request: urllib.request.Request | str, timeout_seconds: float, context: ssl.SSLContext | None
) -> HTTPResponse:
    """The reply of the platform on this machine; raises what urllib's own urlopen raises.

    It goes by no proxy, for one would look for 127.0.0.1 on its own machine and be shown our key.
    """
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    reply: HTTPResponse = opener.open(request, timeout=timeout_seconds)
    return reply
