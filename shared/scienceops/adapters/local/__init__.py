"""One machine: a folder, two SQLite files and processes."""
