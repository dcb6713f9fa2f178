"""Constant load on a platform, and what it goes through meanwhile without one failed request."""

import sys
import threading
from collections import Counter

from labelled_week import day, send_day
from models import iris_rows, pack_trainable_iris
from platform_process import wait_for

CLIENTS = 3
#: Answers that each phase waits for at least, so that none passes unmeasured.
LEAST_ANSWERS = 60


class Load:
    """Clients that score one row after another, with a pause between, and note what each got."""

    def __init__(self, platform, key, pause_seconds=0.0):
        self.phase = "before"
        self.answers: list[tuple[str, str, str]] = []
        self.failures: list[tuple[str, int, str]] = []
        self._platform, self._key, self._pause = platform, key, pause_seconds
        self._done = threading.Event()
        #: The phase in which each client has begun its latest call.
        self._begun = [""] * CLIENTS
        numbers = range(CLIENTS)
        self._clients = [threading.Thread(target=self._run, args=(number,)) for number in numbers]

    def __enter__(self):
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for client in self._clients:
            client.join()

    def go_on(self, phase, versions):
        """Begin a phase, once the last answers were enough and from these versions."""
        already = len(self.answers)

        def settled():
            new = self.answers[already:]
            return len(new) >= LEAST_ANSWERS and {v for _, v, _ in new[-30:]} == versions

        wait_for(settled, 60, f"answers of {versions} before {phase}")
        self.phase = phase
        # A call of the phase before may be slow, and must not be answered as this one's are.
        wait_for(lambda: set(self._begun) == {phase}, 60, f"calls of {phase}")

    def _run(self, number):
        while not self._done.is_set():
            phase = self._begun[number] = self.phase
            status, headers, answer = self._platform.score("iris", iris_rows()[:1], self._key)
            if status == 200:
                version = headers["X-ScienceOps-Version"]
                self.answers.append((phase, version, answer["request_id"]))
            else:
                self.failures.append((phase, status, str(answer)))
            self._done.wait(self._pause)


def push_and_label(platform, folder):
    """A live version of Iris, and a day of labelled traffic to retrain on."""
    platform.cli("push", str(pack_trainable_iris(folder)), "--wait", "--timeout", "400")
    send_day(platform, "iris", 1, drifted=True)


def go_through_everything(platform):
    """Train, shadow, weights, approve and roll back under load: none fails, each is captured."""
    key = platform.json("keys", "iris", "create")["key"]
    window = ["--from", day(1).isoformat(), "--to", day(1).isoformat()]
    with Load(platform, key) as load:
        load.go_on("train", {"1"})
        platform.cli("retrain", "iris", *window, "--wait")
        load.go_on("shadow", {"1"})
        platform.cli("traffic", "iris", "--shadow", "2")

        def shadowed_once() -> bool:
            return any(row["version"] == 2 for row in platform.captured("iris"))

        # The gateway remembers its routes for a while, and the scorer its captures.
        wait_for(shadowed_once, 60, "a call that the shadow was asked, too")
        load.go_on("weights", {"1"})
        platform.cli("traffic", "iris", "1=50", "2=50")
        load.go_on("approve", {"1", "2"})
        platform.cli("approve", "iris", "2", "--comment", "under load")
        load.go_on("rollback", {"2"})
        platform.cli("rollback", "iris")
        load.go_on("after", {"1"})
        load.go_on("end", {"1"})
    counts = Counter((phase, version) for phase, version, _ in load.answers)
    sys.stdout.write(f"{len(load.answers)} answered, {len(load.failures)} failed: {counts}\n")
    assert load.failures == []
    phases = {phase for phase, _ in counts}
    assert phases >= {"before", "train", "shadow", "weights", "approve", "rollback", "after"}
    # A shadow is never heard: until weights are given, version 1 answers alone.
    assert {version for phase, version in counts if phase in ("before", "train", "shadow")} == {"1"}

    def all_captured():
        captured = Counter(row["request_id"] for row in platform.captured("iris"))
        return captured if set(captured) >= {identity for *_, identity in load.answers} else None

    captured = wait_for(all_captured, 30, "every acknowledged row in the bucket")
    assert {captured[identity] for *_, identity in load.answers} == {1}
    heard = {identity: version for _, version, identity in load.answers}
    rows = platform.captured("iris")
    assert all(
        str(r["version"]) == heard[r["request_id"]] for r in rows if r["request_id"] in heard
    )
    shadowed = [r for r in rows if r["correlation_id"] in heard]
    assert shadowed
    assert {str(r["version"]) for r in shadowed} == {"2"}
