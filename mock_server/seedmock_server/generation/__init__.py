"""Orders and assets of all upstreams: from a decoded request to a stored record, and from a record to its clip."""
