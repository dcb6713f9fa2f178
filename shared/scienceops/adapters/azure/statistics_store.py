"""SqlStatisticsStore on Azure SQL; the same SQL as on every other platform."""

from typing import TYPE_CHECKING

import sqlalchemy as sa

from scienceops.adapters.azure.database_setting import check_database
from scienceops.adapters.azure.sql_retries import SqlRetries
from scienceops.adapters.sql.statistics import SqlStatisticsStore

if TYPE_CHECKING:
    from scienceops.azure_settings import AzureSettings


def connect_statistics(settings: "AzureSettings") -> SqlStatisticsStore:
    """The store in the database that the settings name; nothing is connected before its use."""
    check_database(settings)
    if settings.sql_url:
        engine = sa.create_engine(settings.sql_url, pool_pre_ping=True)
        return SqlStatisticsStore(engine, SqlRetries(engine.url.render_as_string()))
    from scienceops.adapters.azure.clients import open_credential
    from scienceops.adapters.azure.sql_engine import open_engine

    credential = open_credential(settings.identity)
    engine = open_engine(settings.sql_server, settings.sql_database, credential)
    place = f"{settings.sql_database} on {settings.sql_server}"
    return SqlStatisticsStore(engine, SqlRetries(place))
