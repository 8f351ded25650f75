"""`docs/reference/upstream-differences.md`: where the upstreams differ, read off their contracts."""

from __future__ import annotations

from seedmock_contracts.upstreams import contracts
from seedmock_harness.upstream_diff import markdown_lines

PATH = "docs/reference/upstream-differences.md"


def render_pages() -> dict[str, str]:
    return {PATH: "\n".join(markdown_lines(*contracts())) + "\n"}
