"""Environments of one machine: what an image consists of, and which Python has it today."""

import fcntl
import importlib.metadata
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from scienceops.adapters.local.build_environment import COMPLETE
from scienceops.adapters.local.files import make_folders, write_once, write_whole
from scienceops.adapters.local.import_path import import_path
from scienceops.adapters.oci.build_context import scorer_requirements
from scienceops.errors import BadInput

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_KIND = "environment:"


@dataclass(frozen=True)
class Needs:
    """A Python, such as 3.11, and requirements, a line each."""

    python: str
    lines: tuple[str, ...]

    @property
    def identity(self) -> str:
        """The hash by which the same needs are known."""
        return sha256("\n".join([self.python, *self.lines]).encode()).hexdigest()[:16]

    def unmet(self) -> list[str]:
        """What of it the running environment lacks."""
        python = [] if self.python == _PYTHON else [f"Python {self.python}"]
        return python + [line for line in self.lines if not is_met(line)]


class Environments:
    """The environments of one home.

    An image is a list of requirements, which is kept under its hash. It runs in the running
    environment while that satisfies the list, and when it does no more, in one of its own.
    always: what is needed beside the list; what the scorer needs today when not given.
    """

    def __init__(self, home: Path, always: Sequence[str] | None = None) -> None:
        self._home = home
        self._always = scorer_requirements() if always is None else list(always)

    def keep(self, python: str, requirements: Iterable[str]) -> str:
        """The image of these requirements, from now on known."""
        needs = Needs(python, tuple(sorted(set(requirements))))
        path, text = self._path(needs.identity), "\n".join([needs.python, *needs.lines, ""])
        make_folders(path.parent)
        if not write_once(path, text.encode()) and path.read_bytes() != text.encode():
            # Its name says what is in it, so that it was damaged.
            write_whole(path, text.encode())
        return f"{_KIND}{needs.identity}"

    def needs(self, image: str) -> Needs:
        """What an image needs, and what always is; raises BadInput for one not of this home."""
        identity = image.removeprefix(_KIND)
        if not image.startswith(_KIND) or not identity.isalnum():
            raise BadInput(
                f"{image!r} is no image of this machine: wanted {_KIND}HASH; one of an earlier "
                "release gets it when `scienceops up` is started anew"
            )
        path = self._path(identity)
        try:
            python, *lines = path.read_text(errors="replace").splitlines() or [""]
        except FileNotFoundError:
            python, lines = "", []
        if Needs(python, tuple(lines)).identity != identity:
            raise BadInput(
                f"{image!r} is not known: {path} says what it consists of, and is gone or damaged; "
                "start `scienceops up` anew, which writes it from the registry"
            )
        return Needs(python, tuple(sorted({*lines, *self._always})))

    def is_known(self, image: str) -> bool:
        """Whether this home knows what the image consists of."""
        try:
            self.needs(image)
        except BadInput:
            return False
        return True

    def folder(self, needs: Needs) -> Path:
        """Where the environment of these needs lies, or will."""
        return self._home / "environments" / needs.identity

    def is_there(self, needs: Needs) -> bool:
        """Whether these needs have been installed in an environment of their own."""
        return (self.folder(needs) / COMPLETE).exists()

    def take(self, needs: Needs) -> bool:
        """Whether they are there, and stay: whoever found that nobody uses them sees that somebody
        does. False while they are built, or deleted."""
        folder = self.folder(needs)
        if not self.is_there(needs):
            return False
        with folder.with_name(f"{folder.name}.lock").open("wb") as turn:
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if not self.is_there(needs):
                return False
            os.utime(folder)
            return True

    def awaited(self, image: str) -> str:
        """What is made before this image can run, in words; empty when it can run now."""
        if not image:
            return ""
        needs = self.needs(image)
        unmet = needs.unmet()
        if not unmet or self.is_there(needs):
            return ""
        return f"an environment with {', '.join(unmet)} is being made, which takes minutes"

    def command(
        self, image: str, arguments: Sequence[str], inherited: str
    ) -> tuple[list[str], str]:
        """A command that runs Python with these arguments in an image, and its PYTHONPATH.

        image: empty for the running environment. inherited: the PYTHONPATH of this process. Where
        an environment has to be made first, the command does that. Raises BadInput as `needs` does.
        """
        running = import_path(self._home, inherited)
        if not image:
            return [sys.executable, *arguments], running
        needs = self.needs(image)
        if not needs.unmet():
            return [sys.executable, *arguments], running
        isolated, folder = import_path(self._home), self.folder(needs)
        if self.is_there(needs):
            return [str(folder / "bin" / "python"), *arguments], isolated
        make_folders(folder.parent)
        program = "scienceops.adapters.local.enter_environment"
        given = [needs.python, str(folder), "\n".join(needs.lines), isolated]
        return [sys.executable, "-P", "-m", program, *given, *arguments], running

    def _path(self, identity: str) -> Path:
        return self._home / "needs" / f"{identity}.txt"


def is_met(line: str) -> bool:
    """Whether the running environment satisfies a requirement, those of its extras included.

    >>> is_met("packaging>=23"), is_met("packaging<1"), is_met("-e ."), is_met("no-such-thing")
    (True, False, False, False)
    """
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return False
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        found = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    # What an address holds cannot be told from the version that is installed.
    if requirement.url or not requirement.specifier.contains(found.version, prereleases=True):
        return False
    return all(
        is_met(f"{needed.name}{needed.specifier}")
        for extra in requirement.extras
        for needed in map(Requirement, found.requires or ())
        if needed.marker is not None
        and needed.marker.evaluate({"extra": extra})
        and not needed.marker.evaluate({"extra": ""})
    )
