"""Store in an SQLite database, which outlives the process, and which others on this machine may use as well."""
