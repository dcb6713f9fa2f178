"""Commits that are shared: who is served by which, and who is told of one that fails."""

import threading

from platform_process import wait_for

from scorer_container.group_commit import GroupCommit


def test_who_asks_during_a_commit_is_served_by_the_next():
    began, go = threading.Semaphore(0), threading.Semaphore(0)
    commits = []

    def commit():
        commits.append(len(commits))
        began.release()
        go.acquire()

    group = GroupCommit(commit)
    threads = [threading.Thread(target=group.wait)]
    threads[0].start()
    began.acquire()
    threads += [threading.Thread(target=group.wait) for _ in range(20)]
    for thread in threads[1:]:
        thread.start()
    wait_for(lambda: group._asked == 21, 10, "all of them to ask")
    assert threads[0].is_alive()
    go.release()
    threads[0].join()
    began.acquire()
    assert all(thread.is_alive() for thread in threads[1:])
    go.release()
    for thread in threads:
        thread.join()
    assert commits == [0, 1]


def test_a_commit_that_fails_fails_for_each_who_waits():
    def commit():
        raise OSError("no")

    group = GroupCommit(commit)
    failed = []

    def ask():
        try:
            group.wait()
        except OSError as error:
            failed.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == ["no"] * 10
