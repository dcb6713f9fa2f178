"""A host that kills itself, with SIGKILL, before or after the first ledger entry of one action."""

import os
import signal
import sys

from scienceops.adapters.local.model_registry import SqliteModelRegistry

WHEN, ACTION = sys.argv[1], sys.argv[2]
put = SqliteModelRegistry.put


def deadly_put(self, record, entry=None):
    fatal = entry is not None and entry.action == ACTION
    if fatal and WHEN == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    stored = put(self, record, entry)
    if fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return stored


SqliteModelRegistry.put = deadly_put
sys.argv = ["host", "--port", sys.argv[3]]

if __name__ == "__main__":
    from functions.local.host import main

    sys.exit(main())
