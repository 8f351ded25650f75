"""Rules that match requests: their syntax, their counters, magic values."""
