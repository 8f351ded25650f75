"""Where a verification keeps what must outlive it."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def state_file(name: str) -> Path:
    """A file in the folder in which this system keeps a user's state."""
    return Path(platformdirs.user_state_dir("seedmock", appauthor=False)) / name
