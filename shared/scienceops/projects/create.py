"""Create a project: the files that a new model starts from, written once, never over others."""

from pathlib import Path

from scienceops.core.names import check_service_name
from scienceops.errors import BadInput

#: The files of a new project lie beside this module, as they are written.
TEMPLATES = Path(__file__).with_name("files")

FILES = ("train.py", "score.py", "scienceops.toml", "requirements.txt", "README.md", "iris.csv")

_NAME = "PROJECT_NAME"


def create_project(name: str, folder: Path) -> Path:
    """The new folder NAME in `folder`, with every file of FILES.

    Raises BadName, and BadInput naming what is there already; then nothing is written.
    """
    check_service_name(name)
    place = folder / name
    for path in (folder, place):
        if path.exists() and not path.is_dir():
            raise BadInput(f"{path} is a file: remove it, or choose another name or --folder")
    taken = [file for file in FILES if (place / file).exists() or (place / file).is_symlink()]
    if taken:
        raise BadInput(
            f"{place} holds {', '.join(taken)} already, and nothing is overwritten: "
            "move that away, or choose another name or --folder"
        )
    place.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        text = (TEMPLATES / file).read_text(encoding="utf-8")
        # Mode x refuses a file that came since the look above.
        with (place / file).open("x", encoding="utf-8", newline="") as out:
            out.write(text.replace(_NAME, name))
    return place
