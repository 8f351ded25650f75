"""The tables under contracts/ that say what the harness looks at and what it finds, made by looking and by lying.

python tests/harness/mutants/tables.py            # writes them: every mutant is tried, every upstream taken whole
python tests/harness/mutants/tables.py --whole    # and mutants by the whole free ladder, and 20 seeds
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from seedmock_contracts.contract import Contract
from seedmock_contracts.upstreams import contracts
from seedmock_harness.checks import CHECKS
from seedmock_server.faults import kinds

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "contracts"
COMMAND = "`python tests/harness/mutants/tables.py` writes this file; a test fails when it is out of date."
SEEDS = 20
ELSEWHERE = {
    "content_has_its_length": "no HTTP library hands on an answer that is not as long as it says; "
    "`tests/harness/checks/outcomes/test_content.py` shows one",
    "callbacks_go_where_they_were_ordered": "no lie moves a callback; `tests/harness/checks/test_callbacks.py` does",
}
"""The checks that no mutant can show at work, and what does."""
Held = Callable[[Any], Any]


def facts_and_checks(honest: Mapping[str, Any]) -> Iterator[str]:
    """Each fact and who looks at it in a run of every step, or why nobody can."""
    yield from ("# Facts and checks", "", COMMAND, "")
    yield "Of each fact: the checks and steps that look at it when an upstream is verified from end to end"
    yield "(`seedmock verify` with an unlimited budget), or why such a run cannot."
    for contract in contracts():
        looked, left = honest[contract.name].looked, not_checkable(contract)
        facts = list(contract.facts())
        yield from ("", f"## {contract.name}", "")
        yield f"{len(facts)} facts: {sum(fact.id in looked for fact in facts)} are looked at, {len(left)} cannot be."
        yield from ("", "| fact | basis | looked at by |", "|---|---|---|")
        for fact in facts:
            who = ", ".join(f"`{name}`" for name in sorted(looked.get(fact.id, ())))
            yield f"| `{fact.id}` | {fact.basis} | {who or left.get(fact.id, '**nobody**')} |"


def not_checkable(contract: Contract) -> dict[str, str]:
    """The facts that a verification does not see, and why."""
    place = ROOT / "fixtures" / contract.name / "not-checkable.toml"
    found = tomllib.loads(place.read_text(encoding="utf-8"))
    return {row["id"]: f"*{row['reason']}*" for rows in found.values() for row in rows}


def checks_and_lies(mutants: Iterable[Any], held: Held) -> Iterator[str]:
    """Each check and the lies that it catches, and each lie and the checks that catch it."""
    bites, caught = _bites(mutants, held)
    yield from ("# Checks and lies", "", COMMAND, "")
    yield from ("Which kinds of lie (`seedmock fault add`) each check has caught in the mutated upstreams of", "")
    yield from ("[mutants.md](mutants.md), and in how many of them.", "")
    yield from ("| check | what it says | lies that it catches | mutants |", "|---|---|---|---|")
    for check in CHECKS:
        says = (check.__doc__ or "").partition("\n")[0]
        yield _row(check.__name__, says, bites)
    yield from ("", "## Steps of the ladders", "", "What a step sees by comparing answers, beyond the checks.", "")
    yield from ("| step | lies that it catches | mutants |", "|---|---|---|")
    names = {check.__name__ for check in CHECKS}
    for name in sorted(name for name in bites if name not in names):
        lies = sorted({kind for mutant in bites[name] for kind in mutant.kinds})
        yield f"| `{name}` | {', '.join(f'`{kind}`' for kind in lies)} | {len(bites[name])} |"
    yield from ("", "## Lies", "", "| lie | what happens | caught by |", "|---|---|---|")
    for kind in sorted(kinds.LIES | {kind for kind in caught if kind in kinds.MEANINGS}):
        who = ", ".join(f"`{name}`" for name in sorted(caught[kind]))
        yield f"| `{kind}` | {kinds.MEANINGS[kind]} | {who or '**nobody**'} |"


def _row(name: str, says: str, bites: Mapping[str, set[Any]]) -> str:
    lies = sorted({kind for mutant in bites[name] for kind in mutant.kinds})
    told = ", ".join(f"`{kind}`" for kind in lies) or ELSEWHERE.get(name, "**none**")
    return f"| `{name}` | {says} | {told} | {len(bites[name])} |"


def _bites(mutants: Iterable[Any], held: Held) -> tuple[dict[str, set[Any]], dict[str, set[str]]]:
    bites: dict[str, set[Any]] = defaultdict(set)
    caught: dict[str, set[str]] = defaultdict(set)
    for mutant in mutants:
        for check in {sight.check for sight in held(mutant).sights if not sight.look.holds}:
            bites[check].add(mutant)
            for kind in mutant.kinds:
                caught[kind].add(check)
    return bites, caught


def mutants_found(mutants: Iterable[Any], held: Held) -> Iterator[str]:
    """Each mutant, its lies, the fact by which it is found, and by whom."""
    rows = list(mutants)
    found = [row for row in rows if row.fact in held(row).broken]
    free = sum(row.free for row in rows)
    yield from ("# Mutated upstreams", "", COMMAND, "")
    yield f"{len(rows)} upstreams that lie; {len(found)} are found by the fact that they lie about, {free} of them for"
    yield "nothing: no task is needed. Unchanged upstreams give no finding: not whole, nor part by part with 20 seeds."
    family = ""
    for row in sorted(rows, key=lambda row: row.family):
        if row.family != family:
            family = row.family
            yield from ("", f"## {family[0].upper()}{family[1:]}", "")
            yield from ("| upstream | mutant | lie | found by | checks | costs |", "|---|---|---|---|---|---|")
        lies = "<br>".join(f"`{_lie(lie)}`" for lie in row.lies)
        checks = ", ".join(f"`{name}`" for name in sorted(held(row).broken.get(row.fact, ())))
        settled = " (settled: it was assumed)" if row.settles else ""
        costs = "nothing" if row.free else ", ".join(step for step in row.steps if not step.startswith("free."))
        yield f"| {row.upstream} | {row.name} | {lies} | `{row.fact}`{settled} | {checks or '**nobody**'} | {costs} |"


def _lie(lie: Mapping[str, Any]) -> str:
    match = " ".join(f"{name}={value}" for name, value in lie.get("match", {}).items())
    return f"{lie['fault']} on {match}" if match else str(lie["fault"])


def written(honest: Mapping[str, Any], mutants: Iterable[Any], held: Held) -> dict[str, str]:
    """Each file and what it holds."""
    rows = tuple(mutants)
    tables = {
        "facts-and-checks.md": facts_and_checks(honest),
        "checks-and-lies.md": checks_and_lies(rows, held),
        "mutants.md": mutants_found(rows, held),
    }
    return {name: "\n".join(lines) + "\n" for name, lines in tables.items()}


def _main() -> None:
    spec = importlib.util.spec_from_file_location("mutants_trial", Path(__file__).with_name("trial.py"))
    assert spec is not None
    assert spec.loader is not None
    trial = sys.modules["mutants_trial"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(trial)
    with tempfile.TemporaryDirectory() as folder:
        clips, seen = Path(folder), {}
        for mutant in trial.mutants():
            seen[mutant.key] = trial.tried(mutant, clips)
        if "--whole" in sys.argv:
            _whole(trial, clips)
        honest = {
            contract.name: trial.looked_at(contract, trial.whole(contract, deep=True), clips)
            for contract in contracts()
        }
        PAGES.mkdir(exist_ok=True)
        for name, text in written(honest, trial.mutants(), lambda mutant: seen[mutant.key]).items():
            (PAGES / name).write_text(text, encoding="utf-8")
    sys.stdout.write("contracts/ has its tables\n")


def _whole(trial: Any, clips: Path) -> None:
    """Say what is missed, or blamed besides, when nobody tells the ladder where to look."""
    for mutant in (mutant for mutant in trial.mutants() if mutant.free):
        seen = trial.tried(mutant, clips, every=True)
        besides = [fact for fact in seen.broken if not mutant.explains(fact)]
        if mutant.fact not in seen.broken or besides or seen.made:
            missed = "" if mutant.fact in seen.broken else "MISSED "
            sys.stdout.write(f"{missed}{mutant.upstream}: {mutant.name}: besides {besides} {seen.made}\n")
    for contract in contracts():
        for seed in range(1, SEEDS + 1):
            broken = trial.looked_at(contract, trial.whole(contract), clips, seed=seed).broken
            if broken:
                sys.stdout.write(f"FALSE ALARM {contract.name} seed {seed}: {broken}\n")


if __name__ == "__main__":
    _main()
