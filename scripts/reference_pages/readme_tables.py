"""The README's tables, generated from the contracts and from the server's tables of fates, faults and scenarios.

Each stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from seedmock_contracts.enums import Basis
from seedmock_contracts.facts import MediaFacts
from seedmock_contracts.upstreams import contracts
from seedmock_contracts.validation.media import media_violations
from seedmock_server.control.app import ENDPOINTS
from seedmock_server.fates.models import PARAMETERS
from seedmock_server.faults import kinds
from seedmock_server.faults.kinds import FaultKind
from seedmock_server.faults.parameters import PARAMETERS as FAULT_PARAMETERS
from seedmock_server.matching import magic_values as values
from seedmock_server.scenarios.catalog import load_builtin, scenario_names

PATH = "README.md"
ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def endpoints() -> Iterator[str]:
    yield "| upstream | call | operation | basis | source |"
    yield "|---|---|---|---|---|"
    for contract in contracts():
        for endpoint in contract.endpoints:
            call = f"`{endpoint.method} {contract.bases[0].prefix}{endpoint.path}`"
            operation = endpoint.operation.replace("_", " ")
            yield f"| {contract.name} | {call} | {operation} | {endpoint.basis} | {endpoint.source} |"


def control() -> Iterator[str]:
    yield "| call | description |"
    yield "|---|---|"
    yield from (f"| `{row.method} {row.path}` | {row.summary} |" for row in ENDPOINTS)


def variants() -> Iterator[str]:
    yield "| variant | options | description | basis of the default |"
    yield "|---|---|---|---|"
    for contract in contracts():
        for variant in contract.variants:
            others = [option for option in variant.options if option != variant.default]
            options = ", ".join(f"`{option}`" for option in (variant.default, *others))
            yield f"| `{variant.id}` | {options} | {variant.description} | {variant.basis}: {variant.source} |"


def assumptions() -> Iterator[str]:
    yield "| fact | reason |"
    yield "|---|---|"
    for contract in contracts():
        yield from (f"| `{fact.id}` | {fact.source} |" for fact in contract.facts() if fact.basis is Basis.ASSUMED)


def fates() -> Iterator[str]:
    yield "| fate | parameters |"
    yield "|---|---|"
    for kind, parameters in PARAMETERS.items():
        yield f"| `{kind}` | {'; '.join(f'`{name}` {text}' for name, text in parameters.items())} |"


def faults() -> Iterator[str]:
    yield "| fault | description | parameters |"
    yield "|---|---|---|"
    for kind in FaultKind:
        parameters = "; ".join(f"`{name}` {text}" for name, text in FAULT_PARAMETERS[kind].items())
        mark = " (breaks the contract)" if kind in kinds.MUTATIONS else ""
        yield f"| `{kind}`{mark} | {kinds.MEANINGS[kind]} | {parameters} |"


def magic() -> Iterator[str]:
    yield "| value | description |"
    yield "|---|---|"
    yield from (f"| key `{key}` | {text} |" for key, (_, text) in values.KEYS.items())
    yield from (f"| prompt `{prompt}` | {text} |" for prompt, text in values.PROMPTS.items())
    for path, spot in values.URLS.items():
        breaks = f" ({_broken_limits(spot.facts)})" if spot.facts is not None else ""
        yield f"| `{values.ORIGIN}{path}` | {spot.description}{breaks} |"


def _broken_limits(facts: MediaFacts) -> str:
    """The limits that media of these facts break, with the upstream where only some have the limit."""
    upstreams: dict[str, list[str]] = {}
    for contract in contracts():
        for id_ in dict.fromkeys(violation.fact.id for violation in media_violations(contract.name, [("", facts)])):
            upstreams.setdefault(id_.removeprefix(f"{contract.name}.limit."), []).append(contract.name)
    if not upstreams:
        return facts.kind
    every = [contract.name for contract in contracts()]
    limits = [limit if names == every else f"{limit} of {' and '.join(names)}" for limit, names in upstreams.items()]
    return f"{facts.kind}; breaks {', '.join(limits)}"


def scenarios() -> Iterator[str]:
    yield "| scenario | description | reported in |"
    yield "|---|---|---|"
    for row in map(load_builtin, scenario_names()):
        links = ", ".join(f"[{_short(link)}]({link})" for link in row.links)
        yield f"| `{row.name}` | {row.description} | {links} |"


def _short(link: str) -> str:
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


REFERENCE = {
    "fates": ("Fates", "How a task or an asset ends: `X-Mock-Fate: KIND name=value`, or a rule."),
    "faults": ("Faults", "What goes wrong on the wire: `X-Mock-Fault: KIND name=value`, or a rule."),
    "magic": ("Magic values", "Keys, prompts and URLs with a built-in effect. No magic URL is ever fetched."),
    "scenarios": ("Scenarios", "Built in: `seedmock serve --scenario NAME`."),
    "variants": ("Variants", "`seedmock serve --variant ID=OPTION`. The first option is the default."),
    "assumptions": ("Assumptions", "All facts without evidence, with the reason for what is assumed."),
}
"""Tables with a page of their own: its title, and a sentence before the table."""


def fill(text: str) -> str:
    """The README with its tables as they are now."""
    return BLOCK.sub(lambda block: block[1] + "\n".join(TABLES[block[2]]()) + "\n" + block[3], text)


def reference_page(name: str) -> str:
    title, sentence = REFERENCE[name]
    note = "Generated by `python scripts/generate_docs.py readme`; a test fails when it is out of date."
    return "\n".join([f"# {title}", "", note, "", sentence, "", *TABLES[name](), ""])


def render_pages() -> dict[str, str]:
    pages = {f"docs/reference/{name.replace('magic', 'magic-values')}.md": reference_page(name) for name in REFERENCE}
    return {PATH: fill((ROOT / PATH).read_text(encoding="utf-8")), **pages}
