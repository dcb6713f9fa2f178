"""A host or a command that kills itself, with SIGKILL, at the first ledger entry of one action.

`kill_at.py before|after ACTION host PORT` and `kill_at.py before|after ACTION cli WORDS...`.
"""

import os
import signal
import sys

from scienceops.adapters.local.model_registry import SqliteModelRegistry

WHEN, ACTION, PROGRAM, *WORDS = sys.argv[1:]
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

if __name__ == "__main__":
    if PROGRAM == "host":
        from functions.local.host import main

        sys.argv = ["host", "--port", *WORDS]
        sys.exit(main())
    from scienceops.cli.main import main as command

    sys.argv = ["scienceops", *WORDS]
    command()
