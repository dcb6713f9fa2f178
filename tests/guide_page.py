"""A page of the docs for tests: its blocks, a shell that runs them, and what they should print."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from contract.waiting import PATIENCE

ROOT = Path(__file__).parents[1]
#: In a sample of output: any text within a line, and alone on a line any number of lines.
ANY = "…"
#: The port that the pages show.
PORT = "8400"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_DAY = re.compile(r"\b20\d\d-[01]\d-[0-3]\d(?!\d)")
_TIME = re.compile(r"DAY[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]00:00)?")


@dataclass(frozen=True)
class Block:
    """Commands, the title they stand under, and the output shown after them, if any."""

    title: str
    commands: str
    output: str | None


def read_page(name: str) -> str:
    """The text of a page under docs/."""
    return (ROOT / "docs" / name).read_text()


def blocks_of(page: str) -> list[Block]:
    """Every block of shell commands, with the block of text that follows it at once.

    >>> blocks_of("## T\\n```sh\\nls\\n```\\n```text\\na\\n```\\n")
    [Block(title='T', commands='ls\\n', output='a\\n')]
    """
    found = []
    blocks = list(_BLOCK.finditer(page))
    for place, block in enumerate(blocks):
        if block[1] != "sh":
            continue
        titles = re.findall(r"^#+ (.*)$", page[: block.start()], re.M)
        after = blocks[place + 1] if place + 1 < len(blocks) else None
        near = after and after[1] == "text" and not page[block.end() : after.start()].strip()
        found.append(Block(titles[-1], block[2], after[2] if after and near else None))
    return found


def is_like(shown: str, printed: str) -> bool:
    """Whether what was printed is what a page shows; days, times and widths may differ.

    >>> is_like("a  b …\\n", "a b c d\\n"), is_like("a\\n…\\nd\\n", "a\\nb\\nc\\nd\\n")
    (True, True)
    >>> is_like("2026-01-02 x\\n", "2031-11-30   x\\n"), is_like("a\\n", "a\\nb\\n")
    (True, False)
    """
    lines = [re.escape(line).replace(ANY, ".*") for line in _plain(shown)]
    pattern = "\n".join(r"(.*\n)*?.*" if line == ".*" else line for line in lines)
    return re.fullmatch(pattern, "\n".join(_plain(printed))) is not None


def _plain(text: str) -> list[str]:
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    return [_TIME.sub("TIME", _DAY.sub("DAY", line)) for line in lines]


class Shell:
    """Runs blocks one after another, as one who types them: variables and the folder stay."""

    def __init__(self, environment: dict[str, str], home: Path, port: int) -> None:
        home.mkdir(parents=True, exist_ok=True)
        tools = home / ".bin"
        tools.mkdir(exist_ok=True)
        # The command as it is installed, by the Python and the sources that are under test.
        command = tools / "scienceops"
        code = "from scienceops.cli.main import main; main()"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n')
        command.chmod(0o755)
        self.home = home
        self._state = home / ".shell-state"
        self._folder = home / ".shell-folder"
        self._folder.write_text(str(ROOT))
        self._state.write_text("")
        self.port = port
        self.environment = {
            **environment,
            "HOME": str(home),
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, commands: str) -> str:
        """What the commands print; fails with all of it when one of them does."""
        script = (
            f'set -aeuo pipefail\n. "{self._state}"\ncd "$(cat "{self._folder}")"\n'
            f"{commands.replace(PORT, str(self.port))}\n"
            f'export -p > "{self._state}"\npwd > "{self._folder}"\n'
        )
        done = subprocess.run(
            ["bash", "-c", script],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout.replace(str(self.port), PORT)

    def follow(self, block: Block) -> str:
        """Run a block and check what it prints against what the page shows."""
        printed = self.run(block.commands)
        if block.output is not None:
            assert is_like(block.output, printed), f"{block.commands}\nprinted:\n{printed}"
        return printed
