"""The README's tables are those that the contracts and the server make."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def test_the_readme_s_tables_are_up_to_date(root: Path) -> None:
    place = Path(__file__).with_name("readme_tables.py")
    spec = importlib.util.spec_from_file_location("readme_tables", place)
    assert spec is not None
    assert spec.loader is not None
    tables = sys.modules["readme_tables"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    text = (root / "README.md").read_text(encoding="utf-8")
    assert sorted(tables.TABLES) == sorted(block[2] for block in tables.BLOCK.finditer(text))
    assert tables.filled(text) == text, "run python tests/project/readme_tables.py"
