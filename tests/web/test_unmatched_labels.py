"""Labels that found no row are told on ModelMonitor, even where no other label has come."""

from datetime import UTC, date, datetime

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.core.names import QUALITY, Partition
from scienceops.core.versions import Service
from scienceops.ports.statistics_store import StatisticRow
from scienceops.usecases.records import Stored, save
from scienceops.web import create_app

DAY = Partition("iris", 1, date(2026, 11, 20))


def test_labels_that_are_all_of_rows_that_are_none_are_told(tmp_path):
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path)})
    app = build_app(settings)
    service = Service(name="iris", live=1)
    now = datetime.now(UTC)
    save(app.ports.registry, Stored(service, "iris", "service"), service, at=now)
    named = ("test", "iris", "iris:1", DAY.date, QUALITY, "unmatched_labels")
    app.ports.statistics.write(1, DAY, [StatisticRow(*named, 3.0, 0)])
    app.ports.statistics.publish(1, DAY)
    client = create_app(app, settings).test_client()
    page = client.get("/services/iris/models", headers={"Host": "127.0.0.1:8400"}).text
    assert "3 labels found no captured row, and so count nowhere: " in page
    assert "its call was not captured, or its rows have yet to arrive; <code>scienceops" in page
