"""The chart library: one script of an installed package, small on the wire and kept for a week."""

import gzip
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from flask import Request, Response

#: In the package: all of it that a bundle of functions carries.
SCRIPT = "package_data/plotly.min.js"


@lru_cache(maxsize=1)
def _script() -> bytes:
    # Found, not imported: the package's own code is large, and not there in a function.
    places = list(getattr(find_spec("plotly"), "submodule_search_locations", None) or ())
    return (Path(places[0]) / SCRIPT).read_bytes()


@lru_cache(maxsize=1)
def _gzipped() -> bytes:
    return gzip.compress(_script(), compresslevel=6, mtime=0)


def reply_with_script(request: Request) -> Response:
    """The script, gzipped for whoever takes it so: a function's reply ends at 6 MB."""
    if request.accept_encodings["gzip"]:
        reply = Response(_gzipped(), headers={"Content-Encoding": "gzip"})
    else:
        reply = Response(_script())
    reply.content_type = "text/javascript; charset=utf-8"
    reply.headers["Cache-Control"] = "public, max-age=604800, immutable"
    reply.vary.add("Accept-Encoding")
    return reply
