"""The README's tables, made from the contracts.

python tests/house/readme_tables.py    # writes them into the README
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from seedmock_contracts.terms import Basis
from seedmock_contracts.upstreams import contracts

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def endpoints() -> Iterator[str]:
    yield "| upstream | call | what for | basis | source |"
    yield "|---|---|---|---|---|"
    for said in contracts():
        for endpoint in said.endpoints:
            call = f"`{endpoint.method} {said.bases[0].prefix}{endpoint.path}`"
            what = endpoint.operation.replace("_", " ")
            yield f"| {said.name} | {call} | {what} | {endpoint.basis} | {endpoint.source} |"


def variants() -> Iterator[str]:
    yield "| variant | options | what it decides | basis of the default |"
    yield "|---|---|---|---|"
    for said in contracts():
        for variant in said.variants:
            others = [option for option in variant.options if option != variant.default]
            options = ", ".join(f"`{option}`" for option in (variant.default, *others))
            yield f"| `{variant.id}` | {options} | {variant.says} | {variant.basis}: {variant.source} |"


def assumptions() -> Iterator[str]:
    yield "| fact | why |"
    yield "|---|---|"
    for said in contracts():
        yield from (f"| `{fact.id}` | {fact.source} |" for fact in said.facts() if fact.basis is Basis.ASSUMED)


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "endpoints": endpoints,
    "variants": variants,
    "assumptions": assumptions,
}


def filled(text: str) -> str:
    """The README with its tables as the contracts have them now."""
    return BLOCK.sub(lambda block: block[1] + "\n".join(TABLES[block[2]]()) + "\n" + block[3], text)


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
    sys.stdout.write("README.md has its tables\n")
