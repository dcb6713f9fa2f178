"""Projects: a folder with train.py and scienceops.toml, trained and packed by two commands."""
