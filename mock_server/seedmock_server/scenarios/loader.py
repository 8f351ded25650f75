"""A scenario: a TOML file that says what goes wrong, read and judged whole before anything of it holds.

Knows how rules are written; into which rooms they are put is the stage's affair.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from seedmock_contracts.enums import ORDERS
from seedmock_contracts.upstreams import NAMES

from ..errors import SeedmockServerError
from ..fates.rules import FateRule, fate_rule_from
from ..faults.rules import FaultRule, fault_rule_from
from ..matching.rules import InvalidRule
from ..rate_limits import Limit
from ..references.declared import Declaration, declaration_from
from ..tasks.latency import LatencyRules, latency_rule_from
from .conflicts import contradiction
from .toml_locations import Place, line_of

MOST_BYTES, MOST_LINES = 64 * 1024, 2000
SECTIONS = ("default", "scenario", "fates", "faults", "limits", "credit", "latency", "media")
HEAD = ("title", "description", "link", "covers", "upstreams")
LINK = re.compile(r"https?://[^\s/]+(/\S*)?")
URL = re.compile(r"(https?|asset)://\S+")
AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
T = TypeVar("T")


class InvalidScenario(SeedmockServerError, ValueError):
    """A scenario that cannot be: the message names the file, the line, what was found and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a file says. `covers` names what it shows besides its links: F1 to F23 of the catalogue of faults."""

    name: str
    title: str
    description: str
    links: tuple[str, ...]
    covers: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = NAMES
    fates: tuple[FateRule, ...] = ()
    faults: tuple[FaultRule, ...] = ()
    limit: Limit | None = None
    credit: Decimal | None = None
    latencies: LatencyRules = field(default_factory=LatencyRules)
    media: Mapping[str, Declaration] = field(default_factory=dict)


class _Wrong(Exception):
    """What is wrong, and at which place of the document."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.place = place


def scenario_from(text: str, name: str) -> Scenario:
    """A scenario from the text of its file, called `name` in messages. Raises InvalidScenario."""
    size, number = len(text.encode("utf-8", "surrogatepass")), text.count("\n")
    if size > MOST_BYTES or number > MOST_LINES:
        allowed = f"at most {MOST_BYTES} bytes and {MOST_LINES} lines"
        raise InvalidScenario(f"{name}: a scenario of {size} bytes and {number} lines; allowed: {allowed}")
    try:
        return _scenario(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        found = AT_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else number + 1
        said = AT_LINE.sub("", str(error))
        raise InvalidScenario(f"{name}, line {line}: this is no TOML: {said}; allowed: a TOML document") from error
    except _Wrong as wrong:
        raise InvalidScenario(f"{name}, line {line_of(text, wrong.place)}: {wrong}") from wrong


def _scenario(document: dict[str, Any], name: str) -> Scenario:
    _known(document, SECTIONS, (), "a scenario")
    head = _table(document, ("scenario",))
    _known(head, HEAD, ("scenario",), "[scenario]")
    upstreams = _texts(head, "upstreams", NAMES)
    for place, one in enumerate(upstreams):
        if one not in NAMES:
            raise _Wrong(f"upstream is {one!r}; allowed: {', '.join(NAMES)}", ("scenario", "upstreams", place))
    fates, faults = _fates(document), _faults(document)
    matches = {"fates": [rule.match for rule in fates], "faults": [rule.match for rule in faults]}
    for section, told in matches.items():
        for number, match in enumerate(told):
            if match.upstream not in (None, *upstreams):
                said = f"the rule is for {match.upstream}, the scenario for {', '.join(upstreams)}"
                raise _Wrong(f"{said}; allowed: an upstream of [scenario]", (section, number, "match", "upstream"))
    default = _default(document)
    clash = contradiction((*fates, *default), faults)
    if clash is not None:
        section, number, message = clash
        raise _Wrong(message, (section, number) if number < len(document.get(section, ())) else ("default",))
    return Scenario(
        name=name,
        title=_text(head, "title"),
        description=_text(head, "description"),
        links=_links(head),
        covers=_texts(head, "covers", ()),
        upstreams=upstreams,
        fates=(*fates, *default),
        faults=faults,
        limit=_limit(document),
        credit=_credit(document),
        latencies=_latencies(document),
        media=_media(document),
    )


# --- the head ---


def _text(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        found = f"{name} is {value!r}" if name in table else f"[scenario] has no {name}"
        raise _Wrong(f"{found}; allowed: a text on one line", ("scenario", name))
    return value


def _texts(table: Mapping[str, Any], name: str, absent: tuple[str, ...]) -> tuple[str, ...]:
    value = table.get(name, list(absent))
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len({*value}) < len(value):
        raise _Wrong(f"{name} is {value!r}; allowed: a list of texts, each once", ("scenario", name))
    if not value and absent:
        raise _Wrong(f"{name} is empty; allowed: one or more of {', '.join(absent)}", ("scenario", name))
    return tuple(value)


def _links(head: Mapping[str, Any]) -> tuple[str, ...]:
    links = (head["link"],) if isinstance(head.get("link"), str) else _texts(head, "link", ())
    for number, link in enumerate(links):
        if not LINK.fullmatch(link):
            raise _Wrong(f"link is {link!r}; allowed: a web address, or a list of them", ("scenario", "link", number))
    return links


# --- the rules ---


def _fates(document: Mapping[str, Any]) -> tuple[FateRule, ...]:
    return tuple(_judged(fate_rule_from, row, place) for place, row in _rows(document, "fates"))


def _faults(document: Mapping[str, Any]) -> tuple[FaultRule, ...]:
    return tuple(_judged(fault_rule_from, row, place) for place, row in _rows(document, "faults"))


def _default(document: Mapping[str, Any]) -> tuple[FateRule, ...]:
    """What becomes of every task that no rule is meant for, as two last rules."""
    if "default" not in document:
        return ()
    rows = ({"match": {"operation": operation.value}, "fate": document["default"]} for operation in ORDERS)
    return tuple(_judged(fate_rule_from, row, ("default",)) for row in rows)


def _rows(document: Mapping[str, Any], section: str) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    rows = document.get(section, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _Wrong(f"{section} is no list of tables; allowed: tables under [[{section}]]", (section,))
    return (((section, number), row) for number, row in enumerate(rows))


def _judged(read: Callable[[Mapping[str, Any]], T], row: Mapping[str, Any], place: Place) -> T:
    try:
        return read(row)
    except InvalidRule as error:
        raise _Wrong(str(error), (*place, *_blamed(row, str(error)))) from error


def _blamed(row: Mapping[str, Any], message: str) -> Place:
    """The place within a row of what a message is about: the key whose name it begins with, if there is one."""
    for name, value in row.items():
        inner = _blamed(value, message) if isinstance(value, dict) else ()
        if inner:
            return (name, *inner)
        if re.match(rf"{re.escape(name)} (is|has)\b", message) or f" has no field {name!r}" in message:
            return (name,)
        if re.search(rf" (has|have) no (parameter |fact )?{re.escape(repr(name))}", message):
            return (name,)
    return ()


# --- limits, money, time, media ---


def _limit(document: Mapping[str, Any]) -> Limit | None:
    if "limits" not in document:
        return None
    table = _table(document, ("limits",))
    _known(table, ("rate", "concurrency"), ("limits",), "[limits]")
    return _judged(lambda row: Limit(**row), table, ("limits",))


def _credit(document: Mapping[str, Any]) -> Decimal | None:
    if "credit" not in document:
        return None
    table = _table(document, ("credit",))
    _known(table, ("usd",), ("credit",), "[credit]")
    said = table.get("usd")
    text = str(said) if isinstance(said, str | int | float) and not isinstance(said, bool) else ""
    if not re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text):
        raise _Wrong(f'usd is {said!r}; allowed: an amount from 0 such as "2.50"', ("credit", "usd"))
    return Decimal(text)


def _latencies(document: Mapping[str, Any]) -> LatencyRules:
    """`[latency]` is for all tasks, `[[latency.of]]` before it for some."""
    if "latency" not in document:
        return LatencyRules()
    table = _table(document, ("latency",))
    rest = {name: value for name, value in table.items() if name != "of"}
    some = [_judged(latency_rule_from, row, ("latency", *place)) for place, row in _rows(table, "of")]
    return LatencyRules((*some, *([_judged(latency_rule_from, rest, ("latency",))] if rest or not some else [])))


def _media(document: Mapping[str, Any]) -> dict[str, Declaration]:
    table = _table(document, ("media",)) if "media" in document else {}
    for url in table:
        if not URL.fullmatch(url):
            raise _Wrong(f"media is of {url!r}; allowed: a URL", ("media", url))
    rows = {url: _table(table, (url,), ("media",)) for url in table}
    return {url: _judged(declaration_from, row, ("media", url)) for url, row in rows.items()}


# --- tables ---


def _table(holder: Mapping[str, Any], place: Place, before: Place = ()) -> Mapping[str, Any]:
    name = place[-1]
    value = holder.get(str(name))
    if not isinstance(value, dict):
        found = f"{name} is {value!r}" if name in holder else f"there is no [{name}]"
        raise _Wrong(f"{found}; allowed: a table", (*before, *place))
    return value


def _known(table: Mapping[str, Any], allowed: Any, place: Place, what: str) -> None:
    for name in table:
        if name not in allowed:
            raise _Wrong(f"{what} has no {name!r}; there are: {', '.join(allowed)}", (*place, name))
