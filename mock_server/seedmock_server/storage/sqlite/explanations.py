"""Errors of SQLite in words that name a way out."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def explain(path: Path, error: sqlite3.Error) -> str:
    """Say what to do about an error of SQLite, whose own words name neither the file nor a way out."""
    text = str(error)
    if path.is_dir():
        return "it is a folder; expected a file"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; create it"
    if "readonly" in text or "unable to open" in text:
        return f"{text}; expected a file and a folder that this user may write to"
    if "locked" in text or "busy" in text:
        return f"{text}: another program holds it; stop that program, or take another file"
    if "not a database" in text or "malformed" in text:
        return f"{text}: it is damaged, or no database; take another file, or a copy"
    if "full" in text:
        return f"{text}; free some space"
    return text
