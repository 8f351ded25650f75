"""Snapshots: the whole state of an emulator as one JSON document."""
