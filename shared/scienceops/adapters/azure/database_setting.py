"""Database setting: looked at when an application starts, before what speaks SQL is loaded."""

from typing import TYPE_CHECKING

from scienceops.errors import BadSetting

if TYPE_CHECKING:
    from scienceops.azure_settings import AzureSettings


def check_database(settings: "AzureSettings") -> None:
    """Raise BadSetting unless the settings name a database for the statistics."""
    if not (settings.sql_url or settings.sql_server):
        raise BadSetting(
            "SCIENCEOPS_AZURE_SQL_SERVER is not set: `make deploy-azure` prints what it is"
        )
