"""CPU share: how many cores a scorer may use, and so how many workers and threads it has."""

from pathlib import Path

GROUP = Path("/sys/fs/cgroup")


def cpu_limit(group: Path = GROUP) -> float | None:
    """Cores that the control group allows, by its second or first version; None where unlimited."""
    for quota, period in (
        (group / "cpu.max", None),
        (group / "cpu" / "cpu.cfs_quota_us", group / "cpu" / "cpu.cfs_period_us"),
    ):
        try:
            words = quota.read_text().split() + (period.read_text().split() if period else [])
        except OSError:
            continue
        if len(words) == 2 and words[0].isdecimal() and int(words[1]) > 0:
            return int(words[0]) / int(words[1])
    return None


def workers_of(kind: str, cores: float | None) -> int:
    """How many workers serve a model of this kind of runtime on so many cores, None for no limit.

    A compiled model computes in Python's own thread, so that it takes a worker to use a core, and
    workers share its memory. Any other has its own threads, and each worker would hold it anew.
    Without a limit the cores belong to others as well.

    >>> workers_of("compiled", 2.5), workers_of("compiled", 0.5), workers_of("sklearn", 2.5)
    (2, 1, 1)
    """
    return max(1, int(cores or 1)) if kind == "compiled" else 1


def thread_settings(workers: int, cores: float | None) -> dict[str, str]:
    """Environment of a worker: threads of OpenMP and BLAS, its share of the cores and no more.

    cores: that it may use. Without a limit it is one thread, since the cores belong to others as
    well. A thread that waits sleeps, for one that spins takes the time of those that compute.

    >>> thread_settings(2, 4.0)["OMP_NUM_THREADS"], thread_settings(1, 0.5)["OMP_NUM_THREADS"]
    ('2', '1')
    """
    share = str(max(1, int((cores or 1) / workers)))
    names = ("OMP", "OPENBLAS", "MKL")
    return {**{f"{name}_NUM_THREADS": share for name in names}, "OMP_WAIT_POLICY": "PASSIVE"}
