"""Build log: which step of a Dockerfile failed, as either of Docker's builders tells it."""

import re
from collections.abc import Sequence

#: `Step 4/9 : RUN …` of the older builder; ` > [install 4/4] RUN …:` of BuildKit, when it fails.
_STEP = re.compile(r"(?:Step (?P<old>\d+/\d+ : .+)| > \[(?P<new>.+?\d+/\d+\] .+?):?)")
#: `#9 ERROR: …` and `ERROR: failed to solve: …` of BuildKit, `ERROR: …` of pip.
_ERROR = re.compile(r"(?:#\d+ (?:[\d.]+ )?)?(?P<what>ERROR: .+|The command .+ returned .+)")


def failed_step(lines: Sequence[str]) -> str:
    """The step that a build ended in, in words, and its error; empty when no step is told.

    >>> failed_step(["Step 5/9 : RUN pip install -r requirements.txt", "ERROR: no such version"])
    'install the requirements (Step 5/9 : RUN pip install -r requirements.txt): no such version'
    >>> failed_step(["#9 ERROR: exit code: 1", " > [lean 2/2] RUN python lean.py:"])
    '[lean 2/2] RUN python lean.py: exit code: 1'
    """
    steps = [found for line in lines if (found := _STEP.fullmatch(line.rstrip()))]
    if not steps:
        return ""
    last = steps[-1]
    step = f"Step {last['old']}" if last["old"] else f"[{last['new']}"
    errors = [found["what"] for line in lines if (found := _ERROR.fullmatch(line.rstrip()))]
    # The first says what went wrong, the later ones what came of it.
    what = errors[0].removeprefix("ERROR: ") if errors else "it did not end well"
    return f"{step_in_words(step)}: {what}"


def step_in_words(step: str) -> str:
    """A step of the Dockerfile in words, with the step itself."""
    return f"install the requirements ({step})" if "requirements.txt" in step else step
