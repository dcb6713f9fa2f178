"""Plan: how long is measured, and how often; QUICK=1 is a look of a few minutes."""

import os

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = 1 if QUICK else 3
#: Of each load.
SECONDS = 1.0 if QUICK else 2.0
#: Rows of a large call.
LARGE = 1000
CLIENTS = 32
