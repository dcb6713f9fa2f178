"""Job: a module run as a program in a container, which ends with whoever holds the FIFO.

python -m scorer_container.job FIFO MODULE [ARGUMENT]...
"""

import os
import runpy
import signal
import sys

from scienceops.serving import when_closed


def main() -> None:
    """Run the module; the process ends at SIGTERM, and when the FIFO's holder dies."""
    fifo, module, *arguments = sys.argv[1:]
    # The first process of a container has no default actions: signals without a handler are lost.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    when_closed(fifo, lambda: os._exit(1))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
