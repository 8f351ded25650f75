"""Where the two upstreams differ, as a page made from their contracts.

python tests/project/differences_page.py    # writes it
"""

import sys
from pathlib import Path

from seedmock_contracts.upstreams import contracts
from seedmock_harness.upstream_diff import page

PAGE = Path(__file__).parents[2] / "contracts" / "differences.md"


def text() -> str:
    return "\n".join(page(*contracts())) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is up to date\n")
