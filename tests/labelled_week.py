"""A week of labelled traffic for tests: drifted days with the truth, and poisoned ones."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from models import iris_rows, iris_table
from platform_process import Platform, wait_for

FLIPPED = {"setosa": "versicolor", "versicolor": "virginica", "virginica": "setosa"}
SHIFT = {"sepal width (cm)": 3.0, "petal length (cm)": 1.4, "petal width (cm)": 0.7}


#: Days are counted from this one, though midnight comes while the tests run.
TODAY = datetime.now(UTC).date()


def day(days_ago: int) -> date:
    """The UTC day so many days before the one on which the tests began."""
    return TODAY - timedelta(days=days_ago)


def noon(days_ago: int) -> datetime:
    """The middle of that day."""
    return datetime.combine(day(days_ago), time(12), UTC)


def send_day(
    platform: Platform, name: str, days_ago: int, *, drifted: bool = False, poisoned: bool = False
) -> dict[str, Any]:
    """Score every flower on that day and label it; the answer, once its rows are in the bucket."""
    rows = iris_rows()
    if drifted:
        rows = [{k: v + SHIFT.get(k, 0.0) for k, v in row.items()} for row in rows]
    at = noon(days_ago)
    token = platform.owner_token()
    status, _, answer = platform.score(name, rows, token, X_ScienceOps_Captured_At=at.isoformat())
    assert status == 200, answer
    truth = [str(species) for species in iris_table()["species"]]
    labels = [
        {"request_id": answer["request_id"], "row": i, "label": FLIPPED[t] if poisoned else t}
        for i, t in enumerate(truth)
    ]
    status, _, told = platform.request(
        "POST",
        f"/api/v1/service/{name}/labels",
        {"labels": labels},
        Authorization=f"Bearer {token}",
    )
    assert (status, told["accepted"]) == (200, len(labels))

    def captured() -> bool:
        found = [r for r in platform.captured(name) if r["request_id"] == answer["request_id"]]
        return len(found) == len(rows)

    wait_for(captured, 30, "the captures")
    return answer


def send_week(platform: Platform, name: str, poisoned: tuple[int, ...] = ()) -> None:
    """Six days: drifted ones with the truth, poisoned ones with flipped labels."""
    for days_ago in range(6, 0, -1):
        bad = days_ago in poisoned
        send_day(platform, name, days_ago, drifted=not bad, poisoned=bad)
