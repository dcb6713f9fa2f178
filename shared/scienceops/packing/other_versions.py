"""Other versions: requirements that name none of what is installed where a model is packed."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


class OtherVersion(UserWarning):
    """A requirement excludes the version by which the package is made and proved."""


def other_versions(lines: Iterable[str]) -> list[str]:
    """What is to be said of each line that excludes what is installed here; of what is not
    installed nothing can be said.

    >>> other_versions(["numpy>=1", "no-such-package==1"])
    []
    """
    told = []
    for line in lines:
        wanted = Requirement(line)
        name = canonicalize_name(wanted.name)
        try:
            here = Version(metadata.version(name)).public
        except metadata.PackageNotFoundError:
            continue
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        if not wanted.specifier.contains(here, prereleases=True):
            told.append(
                f"requirements say {line}, but {name} {here} is installed here, by which the "
                f"package is made and its answers are proved: write {name}=={here}, or install "
                f"{line} and pack again"
            )
    return told


def warn_of_other_versions(lines: Iterable[str]) -> None:
    """A warning of each, at whoever called the caller of this."""
    for told in other_versions(lines):
        warnings.warn(told, OtherVersion, stacklevel=3)


@contextmanager
def other_versions_kept() -> Iterator[list[str]]:
    """Collects these warnings, instead of Python's own way to show them; all others are shown."""
    kept: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def keep(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, OtherVersion):
                kept.append(str(message))
            else:
                show(message, category, *rest, **more)

        warnings.simplefilter("always", OtherVersion)
        warnings.showwarning = keep
        yield kept
