"""SqlStatisticsStore on Azure SQL; the same SQL as on every other platform."""

from typing import TYPE_CHECKING

import sqlalchemy as sa

from scienceops.adapters.azure.sql_retries import SqlRetries
from scienceops.adapters.sql.statistics import SqlStatisticsStore
from scienceops.errors import BadSetting

if TYPE_CHECKING:
    from scienceops.azure_settings import AzureSettings


def connect_statistics(settings: "AzureSettings") -> SqlStatisticsStore:
    """The store in the database that the settings name; nothing is connected before its use."""
    if settings.sql_url:
        engine = sa.create_engine(settings.sql_url, pool_pre_ping=True)
        return SqlStatisticsStore(engine, SqlRetries(engine.url.render_as_string()))
    if not settings.sql_server:
        raise BadSetting(
            "SCIENCEOPS_AZURE_SQL_SERVER is not set: `make deploy-azure` prints what it is"
        )
    from scienceops.adapters.azure.clients import open_credential
    from scienceops.adapters.azure.sql_engine import open_engine

    credential = open_credential(settings.identity)
    engine = open_engine(settings.sql_server, settings.sql_database, credential)
    place = f"{settings.sql_database} on {settings.sql_server}"
    return SqlStatisticsStore(engine, SqlRetries(place))
