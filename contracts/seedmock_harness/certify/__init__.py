"""Certifying a client: it is run through fates and faults, and judged by what it did, on the wire and with the file."""
