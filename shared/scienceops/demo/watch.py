"""Watch: what the statistics say of the demo's week, as tables and as facts."""

from datetime import date
from typing import Any

from scienceops.app import App
from scienceops.core.names import QUALITY
from scienceops.core.stats.terms import VERDICTS
from scienceops.demo.iris import SHIFTED
from scienceops.demo.phases import Phases
from scienceops.demo.traffic import NAME
from scienceops.errors import ScienceOpsError

SHOWN = ("verdict", "effect", "q_value", "mean")
MEASURES = ("labelled", "accuracy", "accuracy_low", "accuracy_high")


def show_verdicts(platform: App, phases: Phases) -> list[dict[str, Any]]:
    """Show a table of features by days; the verdict, effect and q of each as dicts."""
    table: dict[tuple[str, str], dict[str, Any]] = {}
    for row in platform.monitors.statistics(NAME, statistics=list(SHOWN)):
        if row["feature_name"].startswith("("):
            continue
        place = (row["prediction_date"], row["feature_name"])
        table.setdefault(place, {})[row["statistic"]] = row["value"]
    days = sorted({day for day, _ in table})
    features = sorted({feature for _, feature in table})
    found = {place: VERDICTS[values["verdict"]] for place, values in table.items()}
    phases.table(
        ["feature", *(day[5:] for day in days)],
        [[f, *(found.get((day, f)) for day in days)] for f in features],
    )
    return [
        {
            "date": day,
            "feature": feature,
            "verdict": VERDICTS[values["verdict"]],
            "effect": values.get("effect"),
            "q_value": values.get("q_value"),
        }
        for (day, feature), values in sorted(table.items())
    ]


def drifted_days(verdicts: list[dict[str, Any]]) -> list[date]:
    """The days on which a column that was moved is found to drift; raises when there is none."""
    days = {v["date"] for v in verdicts if v["verdict"] == "drift" and v["feature"] in SHIFTED}
    if not days:
        raise ScienceOpsError("the statistics found no drift, though the last days were moved")
    return [date.fromisoformat(day) for day in sorted(days)]


def show_quality(platform: App, version: int, since: date, phases: Phases) -> float:
    """Show labelled rows and accuracy of a version per day; the accuracy of them all."""
    days: dict[str, dict[str, float]] = {}
    for row in platform.monitors.statistics(
        NAME, versions=[version], features=[QUALITY], statistics=list(MEASURES), since=since
    ):
        days.setdefault(row["prediction_date"], {})[row["statistic"]] = row["value"]
    phases.table(
        ["day", "labelled", "accuracy", "95 % interval"],
        [
            [
                day[5:],
                int(found["labelled"]),
                f"{found['accuracy']:.3f}",
                f"{found['accuracy_low']:.3f} to {found['accuracy_high']:.3f}",
            ]
            for day, found in sorted(days.items())
        ],
    )
    labelled = sum(found["labelled"] for found in days.values())
    if not labelled:
        raise ScienceOpsError("the statistics counted no labelled row, though labels were taken")
    return sum(found["accuracy"] * found["labelled"] for found in days.values()) / labelled
