"""Stand-in for a batch job: does what its arguments say."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main(action: str, *words: str) -> int:
    match action:
        case "say":
            sys.stdout.write(" ".join(words) + "\n")
        case "say-lines":
            sys.stdout.write("".join(f"line {n}\n" for n in range(int(words[0]))))
        case "fail":
            sys.stderr.write("it went wrong\n")
            return int(words[0])
        case "say-setting":
            sys.stdout.write(f"{words[0]}={os.environ.get(words[0])}\n")
        case "sleep":
            sys.stdout.write("sleeping\n")
            sys.stdout.flush()
            time.sleep(600)
        case "sleep-over-a-temporary-file":
            _, path = tempfile.mkstemp()
            Path(words[0]).write_text(f"{path}\n")
            time.sleep(600)
        case "sleep-with-children":
            # One of them in a process group of its own, as Spark's workers are.
            command = [sys.executable, "-c", "import time; time.sleep(600)"]
            children = [subprocess.Popen(command, process_group=group) for group in (None, 0)]
            pids = [os.getpid(), *(child.pid for child in children)]
            Path(words[0]).write_text(" ".join(map(str, pids)) + "\n")
            time.sleep(600)
        case "leave-a-child":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(words[0]).write_text(f"{child.pid}\n")
            child.returncode = 0  # It is left behind on purpose, so no warning is wanted.
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
