"""Calls for a spool, what a spool holds, and a disk that fails."""

import os
from datetime import UTC, datetime

from scienceops.core.captures import CapturedCall
from scienceops.core.ids import RequestIds
from scorer_container.capture import CaptureSpool
from scorer_container.spooled import from_frames, whole_frames


def call(number=0):
    identity = RequestIds("key").make(1_700_000_000_000 + number, number.to_bytes(10, "big"))
    return CapturedCall(identity, datetime(2026, 11, 20, tzinfo=UTC), None, 1.0, [[1.0]], ["a"])


def open_spool(folder, limit=10**6, **more):
    return CaptureSpool(
        folder, "a", segment_seconds=3600, segment_rows=10**6, limit_bytes=limit, **more
    )


def spooled(*paths):
    # A hidden file is about to get its name.
    named = [path for path in paths if not path.name.startswith(".")]
    frames = [frame for path in named for frame in whole_frames(path.read_bytes())[0]]
    return [call for calls in from_frames(frames) for call in calls]


def failing(monkeypatch, name, times):
    """Let a call of `os` fail so many times."""
    real, left = getattr(os, name), [OSError(5, "Input/output error")] * times

    def act(*values, **more):
        if left:
            raise left.pop()
        return real(*values, **more)

    monkeypatch.setattr(os, name, act)
