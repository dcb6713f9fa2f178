"""A host or a command that kills itself, with SIGKILL, at the first ledger entry of one action.

`kill_at.py before|after ACTION host PORT` and `kill_at.py before|after ACTION cli WORDS...`.
"""

import os
import signal
import sys

from scienceops.adapters.local.model_registry import SqliteModelRegistry


def arm(when, fatal_action):
    """Let the registry end this process before or after it writes the entry."""
    put = SqliteModelRegistry.put

    def deadly_put(self, record, entry=None):
        fatal = entry is not None and entry.action == fatal_action
        if fatal and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        stored = put(self, record, entry)
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return stored

    SqliteModelRegistry.put = deadly_put


def main():
    """Run the program that the words name."""
    when, action, program, *words = sys.argv[1:]
    arm(when, action)
    if program == "host":
        from functions.local.host import main as host

        sys.argv = ["host", "--port", *words]
        sys.exit(host())
    from scienceops.cli.main import main as command

    sys.argv = ["scienceops", *words]
    command()


if __name__ == "__main__":
    main()
