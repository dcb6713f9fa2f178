"""SQL that several platforms share."""
