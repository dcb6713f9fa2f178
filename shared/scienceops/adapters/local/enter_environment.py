"""Run Python in an environment that is made first.

`python -m ... PYTHON TARGET LINES PATH ARGUMENT...`: LINES are its requirements, PATH is what its
PYTHONPATH will be. For a version whose environment is not what it was when it was built.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from scienceops.adapters.local.build_environment import main as build
from scienceops.adapters.local.environments import Needs
from scienceops.adapters.local.files import write_whole


def main(python: str, target: Path, lines: str, path: str, arguments: Sequence[str]) -> None:
    """Become Python with these arguments; exits as the build does when that fails."""
    # What is installing then is ended, too: an exception ends the step that is waited for.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    missing = ", ".join(Needs(python, tuple(lines.splitlines())).unmet())
    sys.stdout.write(f"{sys.executable} lacks {missing}: an environment of its own is made\n")
    sys.stdout.flush()
    requirements = target.with_name(f"{target.name}.txt")
    write_whole(requirements, f"{lines}\n".encode())
    if code := build(python, target, requirements):
        sys.exit(code)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    inside, environment = str(target / "bin" / "python"), {**os.environ, "PYTHONPATH": path}
    os.execve(inside, [inside, *arguments], environment)  # noqa: S606  # No shell is wanted.


if __name__ == "__main__":
    given = sys.argv[1:]
    main(given[0], Path(given[1]), given[2], given[3], given[4:])
