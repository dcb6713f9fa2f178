"""Requirement lines: what `requirements.txt` may say. Names and versions, nothing that fetches."""

from packaging.requirements import InvalidRequirement, Requirement

from scienceops.errors import BadPackage

REQUIREMENTS = "requirements.txt"

#: What a model that is not compiled gets its rows by, beside the scorer's own needs.
PANDAS = "pandas>=2.2,<3"

_FIX = "write NAME==VERSION, one a line"


def parse_requirements(text: str) -> tuple[str, ...]:
    """The requirements, without comments and blank lines; raises BadPackage naming the line.

    An option could point the installer at another index or at a file, and an address at any
    code, so both are refused: where packages come from is the installation's decision.

    >>> parse_requirements("# exact\\nscikit-learn==1.9.1  # model\\n\\nnumpy>=2,<3\\n")
    ('scikit-learn==1.9.1', 'numpy>=2,<3')
    """
    lines = []
    # Editors of Windows begin a text with a mark that is none of its characters.
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = _without_comment(raw)
        if line:
            lines.append(_check(line, number))
    return tuple(lines)


def _without_comment(raw: str) -> str:
    """The line up to a `#` that starts it or follows a space.

    >>> _without_comment("numpy==2  # why"), _without_comment("a @ https://x/y#egg=a")
    ('numpy==2', 'a @ https://x/y#egg=a')
    """
    line = raw.strip()
    at = 0 if line.startswith("#") else line.find(" #")
    return line if at < 0 else line[:at].strip()


def _check(line: str, number: int) -> str:
    if line.startswith("-"):
        raise _bad(f"line {number} {line!r} is an option", "options belong to the installation")
    try:
        requirement = Requirement(line)
    except RecursionError:
        raise _bad(f"line {number} has brackets within brackets, too many to read", _FIX) from None
    except InvalidRequirement as error:
        # Where a line is an address or a path, the parser's own words do not say so.
        what = "an address or a path" if any(c in line for c in "/\\") else "no requirement"
        reason = str(error).splitlines()[0]
        raise _bad(f"line {number} {line!r} is {what} ({reason})", _FIX) from None
    if requirement.url is not None:
        raise _bad(f"line {number} {line!r} names an address", _FIX)
    return line


def _bad(reason: str, fix: str) -> BadPackage:
    return BadPackage(reason, file=REQUIREMENTS, fix=fix)
