"""Server: a WSGI app behind HTTP/1.1; docs/decisions/0005 has why it is one of our own."""

from scorer_container.server.supervisor import CANNOT_BUILD, serve
from scorer_container.server.wsgi import Face

__all__ = ["CANNOT_BUILD", "Face", "serve"]
