"""Train here: the training of a project as a program, in the image that it is to run in.

python -m scienceops.projects.train_here FOLDER
"""

import sys
from pathlib import Path

from scienceops.errors import ScienceOpsError
from scienceops.projects.project import read_project
from scienceops.projects.train_project import train_project


def main(folder: Path) -> int:
    """Train the project: 0, or 1 after saying what is wrong."""

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        train_project(read_project(folder), say)
    except ScienceOpsError as error:
        say(f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
