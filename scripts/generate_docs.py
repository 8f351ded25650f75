"""Generate the documentation's tables and reference pages, or check that they are up to date.

python scripts/generate_docs.py                # writes all but the slow ones
python scripts/generate_docs.py tables checks  # writes these
python scripts/generate_docs.py --check        # writes nothing; exit code 1 if a page is out of date
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from reference_pages import (
    broken_clients,
    checks,
    commands,
    control_api,
    npm_types,
    settings,
    tables,
    upstream_differences,
    upstream_facts,
)

ROOT = Path(__file__).parents[1]
GENERATORS: dict[str, Callable[[], dict[str, str]]] = {
    "tables": tables.render_pages,
    "upstream-differences": upstream_differences.render_pages,
    "upstream-facts": upstream_facts.render_pages,
    "commands": commands.render_pages,
    "settings": settings.render_pages,
    "control-api": control_api.render_pages,
    "npm-types": npm_types.render_pages,
    "checks": checks.render_pages,
    "broken-clients": broken_clients.render_pages,
}
"""Each generator gives the text of its pages by their paths in the repository."""
SLOW = {"broken-clients"}
"""Left out unless named: it takes minutes."""


def stale_pages(names: Iterable[str]) -> dict[str, str]:
    """Pages that are out of date or missing, by path, with the text that they should have."""
    pages = {path: text for name in names for path, text in GENERATORS[name]().items()}
    return {path: text for path, text in pages.items() if _read(ROOT / path) != text}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write_pages(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*GENERATORS, []], metavar="NAME", help=", ".join(GENERATORS))
    parser.add_argument("--check", action="store_true", help="report pages that are out of date, and write nothing")
    options = parser.parse_args(arguments)
    stale = stale_pages(options.names or [name for name in GENERATORS if name not in SLOW])
    if options.check:
        sys.stdout.writelines(f"{path} is out of date; run python scripts/generate_docs.py\n" for path in stale)
        return 1 if stale else 0
    write_pages(stale)
    sys.stdout.writelines(f"{path} written\n" for path in stale)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
