"""The index: what the archive knows of every object, in SQLite; a cache of files and run logs."""
