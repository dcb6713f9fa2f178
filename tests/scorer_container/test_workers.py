"""Workers of a scorer: how many there are, and what they hold of a model between them."""

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from models import iris_rows, pack_iris
from platform_process import wait_for
from scorer_process import Scorer
from sklearn.ensemble import RandomForestRegressor

from scienceops import pack
from scorer_container.cpu_share import workers_of


def family(pid: int) -> list[int]:
    """All processes below this one."""
    found = []
    # One that was listed may have ended by now.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *family(child)]
    return found


def workers_in(scorer: Scorer) -> list[int]:
    """The processes that answer, whose parent keeps them."""
    assert scorer.process is not None
    parents = {}
    for pid in family(scorer.process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if b"scorer_container.serve" in Path(f"/proc/{pid}/cmdline").read_bytes():
                parents[pid] = parent(pid)
    return [pid for pid in parents if parents[pid] in parents]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize(
    ("runtime", "cpus", "count"),
    [("compiled", "2.5", 2), ("compiled", "0.5", 1), ("sklearn", "2", 1)],
)
def test_a_compiled_model_has_a_worker_for_each_core_and_others_one(tmp_path, runtime, cpus, count):
    package = pack_iris(tmp_path, runtime=runtime)
    scorer = Scorer(tmp_path, package, SCORER_WORKERS="0", SCORER_CPUS=cpus)
    # A setting of the user's own would hold.
    scorer.env.pop("OMP_NUM_THREADS", None)
    scorer.start()
    wait_for(lambda: len(workers_in(scorer)) == count, 20, f"{count} workers")
    # What the environment of a worker says of threads is its share of the cores.
    told = Path(f"/proc/{workers_in(scorer)[0]}/environ").read_bytes().split(b"\0")
    assert f"OMP_NUM_THREADS={max(1, int(float(cpus) / count))}".encode() in told
    assert scorer.score(iris_rows()[:1])[0] == 200
    assert scorer.stop() == 0


def test_no_limit_is_one_worker():
    assert workers_of("compiled", None) == 1


def test_a_setting_of_cores_that_is_none_is_told(tmp_path):
    scorer = Scorer(tmp_path, pack_iris(tmp_path), SCORER_CPUS="many")
    with pytest.raises(AssertionError, match="SCORER_CPUS"):
        scorer.start()
    assert scorer.stop() == 3


def test_workers_have_a_compiled_model_in_memory_once(tmp_path):
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(12_000, 3)), columns=list("abc"))
    model = RandomForestRegressor(40, n_jobs=1, random_state=0).fit(
        frame, random.normal(size=12_000)
    )
    nodes = sum(tree.tree_.node_count for tree in model.estimators_)
    package = pack(
        model,
        frame.head(5),
        name="iris",
        training_data=frame,
        runtime="compiled",
        path=tmp_path / "p.zip",
    )
    scorer = Scorer(tmp_path, package, workers=2).start()
    pids = wait_for(lambda: len(workers_in(scorer)) == 2 and workers_in(scorer), 20, "two workers")
    rows = frame.head(100).to_dict("records")
    for _ in range(20):
        assert scorer.score(rows)[0] == 200
    # Each node is some numbers of eight bytes; a worker has less than one of them to itself.
    assert all(own_bytes(pid) < nodes * 8 * 2 for pid in pids), (nodes, list(map(own_bytes, pids)))
    assert scorer.stop() == 0


def own_bytes(pid: int) -> int:
    """Memory that no other process has, too."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
