"""Records in a spool file: whatever a model may answer is read as it was kept."""

from datetime import UTC, datetime

import numpy as np
import pytest

from scienceops.core.captures import CapturedCall
from scorer_container.spooled import (
    AT_ONCE_BYTES,
    from_frames,
    is_unfinished,
    to_frame,
    whole_frames,
)

AT = datetime(2026, 11, 20, 23, 59, 59, 999_999, tzinfo=UTC)


def call(*predictions, columns=((1.0,),), probabilities=None, number=0):
    return CapturedCall(f"r{number}", AT, None, 0.5, columns, list(predictions), probabilities)


def read(*frames):
    found, rest = whole_frames(b"".join(frames))
    assert not rest
    return [call for calls in from_frames(found) for call in calls]


@pytest.mark.parametrize(
    "prediction",
    [
        "setosa",
        "µ\u0000\n",
        1.5,
        -0.0,
        5e-324,
        True,
        None,
        2**63 - 1,
        -(2**63),
        [1, [None]],
        {"a": 1},
    ],
)
def test_a_prediction_is_read_as_it_was_kept(prediction):
    (kept,) = read(to_frame([call(prediction)]))
    assert repr(kept.predictions) == repr([prediction])
    assert (kept.captured_at, kept.latency_ms, kept.correlation_id) == (AT, 0.5, None)


def test_whole_numbers_of_more_than_64_bits_are_kept_as_the_text_that_a_segment_has():
    wide = 2**70
    (kept,) = read(to_frame([call(wide, [wide], {"a": wide}, None, 1.5, "b")]))
    assert kept.predictions == [str(wide), f"[{wide}]", f'{{"a": {wide}}}', None, 1.5, "b"]


def test_arrays_are_read_as_arrays_to_the_bit():
    numbers = np.array([[1.5, -0.0, 1e308, 5e-324], [1, 2, 3, 4]]).T
    whole = np.array([2**63 - 1, -(2**63), 0, 1])
    columns = (numbers[:, 0], whole, ["a", None, "", "b"])
    (kept,) = read(to_frame([call(*"abcd", columns=columns, probabilities={"a": numbers[:, 1]})]))
    assert kept.columns[0].tobytes() == numbers[:, 0].tobytes()
    assert kept.columns[1].tolist() == whole.tolist()
    assert kept.columns[2] == ["a", None, "", "b"]
    assert kept.probabilities["a"].tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("values", [np.zeros(3, "f4"), np.zeros(3, ">f8"), np.array(["a"])])
def test_what_no_record_can_hold_is_refused(values):
    with pytest.raises(TypeError, match="wanted float64 or int64"):
        to_frame([call("a", columns=(values,))])


def test_many_frames_are_read_some_at_a_time_and_in_order():
    frames = [to_frame([call("a", number=2 * n), call("b", number=2 * n + 1)]) for n in range(500)]
    groups = list(from_frames(whole_frames(b"".join(frames))[0]))
    assert [kept.request_id for calls in groups for kept in calls] == [f"r{n}" for n in range(1000)]
    smallest = min(len(whole_frames(frame)[0][0]) for frame in frames)
    assert len(groups) >= 2
    assert max(map(len, groups)) <= 2 * (AT_ONCE_BYTES // smallest + 1)


def test_what_follows_the_last_whole_frame_is_told_apart():
    first, second = to_frame([call("a")]), to_frame([call("b")])
    for end in range(len(second)):
        frames, rest = whole_frames(first + second[:end])
        assert (len(frames), rest) == (1, second[:end])
        assert is_unfinished(rest)
    # Of a frame that a machine did not get to write, its room may be there.
    assert is_unfinished(whole_frames(first + bytes(100))[1])
    assert not is_unfinished(whole_frames(first + b'{"request_id": "r1"}\n')[1])
    assert not is_unfinished(whole_frames(first + bytes(3) + second)[1])


def test_nothing_is_read_of_nothing():
    assert read() == []
