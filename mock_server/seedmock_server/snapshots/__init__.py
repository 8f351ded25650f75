"""Snapshots of the whole state: taken, written, read, restored."""
