"""Copied code: the call of a page as a command and as a program, to be run elsewhere."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

_PYTHON = """import json
import os
from urllib.request import Request, urlopen

call = Request(
    "{url}",
    json.dumps({{"input_df": [{row!r}]}}).encode(),
    {{
        "Authorization": "Bearer " + os.environ["KEY"],
        "Content-Type": "application/json",
    }},
)
print(json.load(urlopen(call)))
"""


def as_curl(url: str, row: Mapping[str, Any]) -> str:
    """The call for a shell; the key is taken from KEY."""
    body = shlex.quote(json.dumps({"input_df": [row]}))
    return (
        f'curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n'
        f"  -d {body} \\\n  {shlex.quote(url)}"
    )


def as_python(url: str, row: Mapping[str, Any]) -> str:
    """The call as a program that needs Python alone."""
    return _PYTHON.format(url=url, row=dict(row))
