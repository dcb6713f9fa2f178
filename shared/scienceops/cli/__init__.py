"""The `scienceops` command."""
