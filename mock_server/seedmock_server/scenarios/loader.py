"""Parser of scenario files. A file is validated as a whole, before any part of it is in force.

Knows how rules are written, but not which component they belong to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import Struct, field

from seedmock_contracts.enums import ORDERS
from seedmock_contracts.upstreams import NAMES

from ..errors import SeedmockServerError
from ..fates.rules import FateRule, parse_fate_rule
from ..faults.rules import FaultRule, parse_fault_rule
from ..matching.rules import InvalidRule
from ..rate_limits import RateLimit
from ..references.declared import Declaration, declaration_from
from ..tasks.latency import LatencyRules, latency_rule_from
from .conflicts import first_conflict
from .toml_locations import Location, line_of

MAX_BYTES, MAX_LINES = 64 * 1024, 2000
SECTIONS = ("default", "scenario", "fates", "faults", "limits", "credit", "latency", "media")
HEAD_KEYS = ("title", "description", "link", "covers", "upstreams")
LINK = re.compile(r"https?://[^\s/]+(/\S*)?")
URL = re.compile(r"(https?|asset)://\S+")
AMOUNT = re.compile(r"\d{1,12}(\.\d{1,9})?")
TOML_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
T = TypeVar("T")
Table = Mapping[str, Any]


class InvalidScenario(SeedmockServerError, ValueError):
    """Malformed scenario. The message names the file, the line, the value and what is allowed."""


class Scenario(Struct, frozen=True, kw_only=True):
    """A parsed scenario file. `links`: where its problem was reported; `covers`: further ids of the fault catalogue."""

    name: str
    title: str
    description: str
    links: tuple[str, ...]
    covers: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = field(default_factory=lambda: tuple(NAMES))
    fates: tuple[FateRule, ...] = ()
    faults: tuple[FaultRule, ...] = ()
    limit: RateLimit | None = None
    credit: Decimal | None = None
    latencies: LatencyRules = field(default_factory=LatencyRules)
    media: Mapping[str, Declaration] = field(default_factory=dict)


class _Problem(Exception):
    """A problem and its location in the document."""

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


def parse_scenario(text: str, name: str) -> Scenario:
    """Parse the text of a scenario file; messages call it `name`. Raises InvalidScenario."""
    size, lines = len(text.encode("utf-8", "surrogatepass")), text.count("\n")
    if size > MAX_BYTES or lines > MAX_LINES:
        allowed = f"at most {MAX_BYTES} bytes and {MAX_LINES} lines"
        raise InvalidScenario(f"{name}: a scenario of {size} bytes and {lines} lines; allowed: {allowed}")
    try:
        return _scenario(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        position = TOML_POSITION.search(str(error))
        line = int(position[1]) if position and position[1] else lines + 1
        reason = TOML_POSITION.sub("", str(error))
        raise InvalidScenario(f"{name}, line {line}: not valid TOML: {reason}; allowed: a TOML document") from error
    except _Problem as problem:
        raise InvalidScenario(f"{name}, line {line_of(text, problem.location)}: {problem}") from problem


def _scenario(document: dict[str, Any], name: str) -> Scenario:
    _check_keys(document, SECTIONS, (), "a scenario")
    head = _table(document, ("scenario",))
    _check_keys(head, HEAD_KEYS, ("scenario",), "[scenario]")
    upstreams = _upstreams(head)
    fates, faults, default = _fates(document), _faults(document), _default(document)
    _check_upstreams("fates", fates, upstreams)
    _check_upstreams("faults", faults, upstreams)
    _check_conflicts(document, (*fates, *default), faults)
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


def _check_upstreams(section: str, rules: Iterable[FateRule | FaultRule], upstreams: Sequence[str]) -> None:
    for number, rule in enumerate(rules):
        upstream = rule.match.upstream
        if upstream not in (None, *upstreams):
            message = f"the rule is for {upstream}, the scenario for {', '.join(upstreams)}"
            location = (section, number, "match", "upstream")
            raise _Problem(f"{message}; allowed: an upstream of [scenario]", location)


def _check_conflicts(document: Table, fates: Sequence[FateRule], faults: Sequence[FaultRule]) -> None:
    conflict = first_conflict(fates, faults)
    if conflict is not None:
        section, number, message = conflict
        # The rules of `default` come last, and have no place of their own in [[fates]].
        in_section = number < len(document.get(section, ()))
        raise _Problem(message, (section, number) if in_section else ("default",))


# --- [scenario] ---


def _text(table: Table, name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        problem = f"{name} is {value!r}" if name in table else f"[scenario] has no {name}"
        raise _Problem(f"{problem}; allowed: a string on one line", ("scenario", name))
    return value


def _texts(table: Table, name: str, default: Sequence[str]) -> tuple[str, ...]:
    value = table.get(name, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or len({*value}) < len(value):
        raise _Problem(f"{name} is {value!r}; allowed: a list of strings, each once", ("scenario", name))
    if not value and default:
        raise _Problem(f"{name} is empty; allowed: one or more of {', '.join(default)}", ("scenario", name))
    return tuple(value)


def _upstreams(head: Table) -> tuple[str, ...]:
    upstreams = _texts(head, "upstreams", NAMES)
    for number, name in enumerate(upstreams):
        if name not in NAMES:
            message = f"unknown upstream {name!r}; available: {', '.join(NAMES)}"
            raise _Problem(message, ("scenario", "upstreams", number))
    return upstreams


def _links(head: Table) -> tuple[str, ...]:
    links = (head["link"],) if isinstance(head.get("link"), str) else _texts(head, "link", ())
    for number, link in enumerate(links):
        if not LINK.fullmatch(link):
            raise _Problem(f"link is {link!r}; allowed: a web address, or a list of them", ("scenario", "link", number))
    return links


# --- rules ---


def _fates(document: Table) -> tuple[FateRule, ...]:
    return tuple(_parse(parse_fate_rule, table, location) for location, table in _tables(document, "fates"))


def _faults(document: Table) -> tuple[FaultRule, ...]:
    return tuple(_parse(parse_fault_rule, table, location) for location, table in _tables(document, "faults"))


def _default(document: Table) -> tuple[FateRule, ...]:
    """Parse the default fate as two rules, which come last."""
    if "default" not in document:
        return ()
    tables = ({"match": {"operation": operation.value}, "fate": document["default"]} for operation in ORDERS)
    return tuple(_parse(parse_fate_rule, table, ("default",)) for table in tables)


def _tables(document: Table, section: str) -> Iterator[tuple[Location, Table]]:
    tables = document.get(section, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _Problem(f"{section} is not a list of tables; allowed: tables under [[{section}]]", (section,))
    return (((section, number), table) for number, table in enumerate(tables))


def _parse(parse: Callable[[Table], T], table: Table, location: Location) -> T:
    try:
        return parse(table)
    except InvalidRule as error:
        raise _Problem(str(error), (*location, *_location_in(table, str(error)))) from error


def _location_in(table: Table, message: str) -> Location:
    """Return the location of the key that a message of a rule is about: the one whose name it begins with."""
    for name, value in table.items():
        inner = _location_in(value, message) if isinstance(value, dict) else ()
        if inner:
            return (name, *inner)
        quoted = re.escape(repr(name))
        if re.match(rf"{re.escape(name)} (is|has)\b", message):
            return (name,)
        if re.search(rf"\b(unknown( \w+)*|(has|have) no( \w+)?) {quoted}", message):
            return (name,)
    return ()


# --- limits, credit, latency, media ---


def _limit(document: Table) -> RateLimit | None:
    if "limits" not in document:
        return None
    table = _table(document, ("limits",))
    _check_keys(table, ("rate", "concurrency"), ("limits",), "[limits]")
    return _parse(lambda values: RateLimit(**values), table, ("limits",))


def _credit(document: Table) -> Decimal | None:
    if "credit" not in document:
        return None
    table = _table(document, ("credit",))
    _check_keys(table, ("usd",), ("credit",), "[credit]")
    value = table.get("usd")
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not AMOUNT.fullmatch(text):
        raise _Problem(f'usd is {value!r}; allowed: an amount from 0 such as "2.50"', ("credit", "usd"))
    return Decimal(text)


def _latencies(document: Table) -> LatencyRules:
    """Parse [latency], which is for all tasks, and [[latency.rules]], which come before it and are for some."""
    if "latency" not in document:
        return LatencyRules()
    table = _table(document, ("latency",))
    for_all = {name: value for name, value in table.items() if name != "rules"}
    rules = [_parse(latency_rule_from, rule, ("latency", *location)) for location, rule in _tables(table, "rules")]
    if for_all or not rules:
        rules.append(_parse(latency_rule_from, for_all, ("latency",)))
    return LatencyRules(tuple(rules))


def _media(document: Table) -> dict[str, Declaration]:
    media = _table(document, ("media",)) if "media" in document else {}
    for url in media:
        if not URL.fullmatch(url):
            raise _Problem(f"media is of {url!r}; allowed: a URL", ("media", url))
    tables = {url: _table(media, (url,), ("media",)) for url in media}
    return {url: _parse(declaration_from, table, ("media", url)) for url, table in tables.items()}


# --- tables ---


def _table(parent: Table, location: Location, prefix: Location = ()) -> Table:
    name = str(location[-1])
    value = parent.get(name)
    if not isinstance(value, dict):
        problem = f"{name} is {value!r}" if name in parent else f"[{name}] is missing"
        raise _Problem(f"{problem}; allowed: a table", (*prefix, *location))
    return value


def _check_keys(table: Table, allowed: Sequence[str], location: Location, where: str) -> None:
    for name in table:
        if name not in allowed:
            raise _Problem(f"unknown key {name!r} in {where}; available: {', '.join(allowed)}", (*location, name))
