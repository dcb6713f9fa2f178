"""Plan: how long is measured, and how often; QUICK=1 is a look of a few minutes.

STRICT=1 ends with exit code 1 when anything could not be measured.
"""

import os


def _is_set(name: str) -> bool:
    value = os.environ.get(name, "")
    if value not in ("", "0", "1"):
        raise SystemExit(f"{name}={value!r} is neither 0 nor 1")
    return value == "1"


QUICK = _is_set("QUICK")
STRICT = _is_set("STRICT")
#: Of every server with one worker; of what is compared within a few percent.
ROUNDS = 1 if QUICK else 2
FINE_ROUNDS = 1 if QUICK else 3
#: Of each load.
SECONDS = 1.0 if QUICK else 1.25
#: Rows of a large call.
LARGE = 1000
CLIENTS = 32
