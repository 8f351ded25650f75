"""The README's tables, made from the contracts and from what the server knows of fates,
magic values and scenarios.

python tests/project/readme_tables.py    # writes them into the README
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from seedmock_contracts.enums import Basis
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.upstreams import contracts
from seedmock_contracts.validation import media_violations
from seedmock_server.control.app import ENDPOINTS
from seedmock_server.fates.rules import PARAMETERS
from seedmock_server.faults import kinds
from seedmock_server.faults.kinds import FaultKind
from seedmock_server.faults.parameters import PARAMETERS as FAULT_PARAMETERS
from seedmock_server.matching import magic_values as values
from seedmock_server.scenarios.catalog import load_builtin, scenario_names

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def endpoints() -> Iterator[str]:
    yield "| upstream | call | what for | basis | source |"
    yield "|---|---|---|---|---|"
    for contract in contracts():
        for endpoint in contract.endpoints:
            call = f"`{endpoint.method} {contract.bases[0].prefix}{endpoint.path}`"
            what = endpoint.operation.replace("_", " ")
            yield f"| {contract.name} | {call} | {what} | {endpoint.basis} | {endpoint.source} |"


def control() -> Iterator[str]:
    yield "| call | what it does |"
    yield "|---|---|"
    yield from (f"| `{row.method} {row.path}` | {row.summary} |" for row in ENDPOINTS)


def variants() -> Iterator[str]:
    yield "| variant | options | what it decides | basis of the default |"
    yield "|---|---|---|---|"
    for contract in contracts():
        for variant in contract.variants:
            others = [option for option in variant.options if option != variant.default]
            options = ", ".join(f"`{option}`" for option in (variant.default, *others))
            yield f"| `{variant.id}` | {options} | {variant.description} | {variant.basis}: {variant.source} |"


def assumptions() -> Iterator[str]:
    yield "| fact | why |"
    yield "|---|---|"
    for contract in contracts():
        yield from (f"| `{fact.id}` | {fact.source} |" for fact in contract.facts() if fact.basis is Basis.ASSUMED)


def fates() -> Iterator[str]:
    yield "| fate | parameters |"
    yield "|---|---|"
    for kind, parameters in PARAMETERS.items():
        yield f"| `{kind}` | {'; '.join(f'`{name}` {says}' for name, says in parameters.items())} |"


def faults() -> Iterator[str]:
    yield "| fault | what happens | parameters |"
    yield "|---|---|---|"
    for kind in FaultKind:
        parameters = "; ".join(f"`{name}` {says}" for name, says in FAULT_PARAMETERS[kind].items())
        mark = " (breaks the contract)" if kind in kinds.LIES else ""
        yield f"| `{kind}`{mark} | {kinds.MEANINGS[kind]} | {parameters} |"


def magic() -> Iterator[str]:
    yield "| value | what it does |"
    yield "|---|---|"
    yield from (f"| key `{key}` | {says} |" for key, (_, says) in values.KEYS.items())
    yield from (f"| prompt `{prompt}` | {says} |" for prompt, says in values.PROMPTS.items())
    for path, spot in values.URLS.items():
        breaks = f" ({_broken(spot.facts)})" if spot.facts is not None else ""
        yield f"| `{values.ORIGIN}{path}` | {spot.says}{breaks} |"


def _broken(facts: MediaFacts) -> str:
    """Which limits media of these facts break, and of which upstream where it is not both."""
    broken: dict[str, list[str]] = {}
    for contract in contracts():
        for id_ in dict.fromkeys(found.fact.id for found in media_violations(contract.name, [("", facts)])):
            broken.setdefault(id_.removeprefix(f"{contract.name}.limit."), []).append(contract.name)
    if not broken:
        return facts.kind
    everybody = [contract.name for contract in contracts()]
    told = [limit if of == everybody else f"{limit} of {' and '.join(of)}" for limit, of in broken.items()]
    return f"{facts.kind}; breaks {', '.join(told)}"


def scenarios() -> Iterator[str]:
    yield "| scenario | what it shows | reported in |"
    yield "|---|---|---|"
    for said in map(load_builtin, scenario_names()):
        links = ", ".join(f"[{_place(link)}]({link})" for link in said.links)
        yield f"| `{said.name}` | {said.description} | {links} |"


def _place(link: str) -> str:
    """A link in short: the repository and number of an issue, else the host and the last of the path."""
    issue = re.fullmatch(r"https://github\.com/[^/]+/([^/]+)/(?:issues|pull)/(\d+)", link)
    if issue:
        return f"{issue[1]}#{issue[2]}"
    parts = link.removeprefix("https://").removeprefix("github.com/").split("/")
    return f"{parts[0]}, {parts[-1]}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "control": control,
    "endpoints": endpoints,
    "variants": variants,
    "assumptions": assumptions,
    "fates": fates,
    "faults": faults,
    "magic": magic,
    "scenarios": scenarios,
}


def filled(text: str) -> str:
    """The README with its tables as the contracts have them now."""
    return BLOCK.sub(lambda block: block[1] + "\n".join(TABLES[block[2]]()) + "\n" + block[3], text)


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
    sys.stdout.write("README.md has its tables\n")
