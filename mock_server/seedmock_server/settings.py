"""Settings of the emulator. Each field is an option of `seedmock serve` and a variable SEEDMOCK_SERVE_*."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field
from msgspec.structs import asdict

from seedmock_contracts.documents.hosts import web_host
from seedmock_contracts.upstreams import contracts

from .clock import MAX_DURATION
from .errors import SeedmockServerError
from .http.origin import HOST, PREFIX
from .http.url_policy import FetchPolicy
from .references.files_address import ALLOWED, parse_files_address
from .storage.opening import store_problem
from .tasks.pace import Pace

MEBIBYTE = 1024 * 1024
SEED_LIMIT = 1 << 64
LOG_FORMS = ("none", "json")
DEFAULT_PORTS = {"http": 80, "https": 443}


class InvalidSetting(SeedmockServerError, ValueError):
    """Malformed setting. The message names it, its value and what is allowed."""


class Settings(Struct, frozen=True, kw_only=True):
    """Configuration of one emulator.

    `seed`: None draws one. `keys`: valid API keys; empty accepts any that is not blank. `variants`: options by variant
    id. `token_price`: USD per million tokens where a page names no price; None is the contract's. `credit`: USD that
    each key can spend at each upstream; None is no limit, and a balance that an upstream reports counts down from 1000.
    `refund_after`: seconds from a failure to its refund. `fetch` and `callbacks`: the URLs that may be contacted.
    `data_dir`: folder of uploaded files; None is a temporary one. `files`: place of uploaded files for the servers of
    all machines, a folder or s3://BUCKET/PREFIX; None is `data_dir`. `cache_dir`: folder of rendered clips; None is the
    user's cache. `rate_limit`: calls a minute, `concurrency_limit`: unfinished tasks, both of one key; None is no
    limit. `public_url`: what links begin with behind a proxy; None is the address by which a client came. `host_map`:
    upstreams by host name, for paths that two of them serve. `cors`: origins of pages that may call the upstreams in a
    browser; `*` is any. `log`: json writes each exchange to standard error. `otel` sends spans by OpenTelemetry.
    `control_token`: None restricts the control API to this machine. `scenario`: the name of a built-in scenario, or
    the path of a file. `store`: memory, or sqlite:PATH or redis://HOST:PORT/DB for state that outlives the process.
    """

    pace: Pace = Pace.FAST
    seed: int | None = None
    keys: tuple[str, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    token_price: Decimal | None = None
    credit: Decimal | None = None
    refund_after: float = 0.0
    fetch: FetchPolicy = FetchPolicy.NONE
    callbacks: FetchPolicy = FetchPolicy.LOOPBACK
    data_dir: Path | None = None
    files: str | None = None
    cache_dir: Path | None = None
    max_cache_bytes: int = 1024 * MEBIBYTE
    max_body_bytes: int = 100 * MEBIBYTE
    body_timeout: float = 30.0
    max_journal_entries: int = 1000
    rate_limit: int | None = None
    concurrency_limit: int | None = None
    public_url: str | None = None
    host_map: Mapping[str, str] = field(default_factory=dict)
    cors: tuple[str, ...] = ()
    log: str = "none"
    otel: bool = False
    control_token: str | None = None
    scenario: str | Path | None = None
    store: str = "memory"

    def __post_init__(self) -> None:
        self._check_variants()
        self._check_host_map()
        self._check_urls()
        for name in ("max_cache_bytes", "max_body_bytes", "body_timeout", "max_journal_entries"):
            if not getattr(self, name) > 0:
                raise InvalidSetting(f"{name} is {getattr(self, name)}; allowed: more than 0")
        if problem := store_problem(self.store):
            raise InvalidSetting(problem)
        self._check_files()
        for name in ("rate_limit", "concurrency_limit"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise InvalidSetting(f"{name} is {limit}; allowed: 1 or more")
        for name in ("credit", "token_price"):
            amount = getattr(self, name)
            if amount is not None and not (amount.is_finite() and amount >= 0):
                raise InvalidSetting(f"{name} is {amount}; allowed: 0 or more")
        if not 0 <= self.refund_after <= MAX_DURATION:
            raise InvalidSetting(f"refund_after is {self.refund_after}; allowed: 0 to {MAX_DURATION:.0f} seconds")
        if any(not key.strip() for key in self.keys):
            raise InvalidSetting("a key is blank; allowed: any string that is not blank")
        if self.control_token is not None and not self.control_token.strip():
            raise InvalidSetting("control_token is blank; allowed: any string that is not blank")
        if self.seed is not None and not -SEED_LIMIT <= self.seed < SEED_LIMIT:
            raise InvalidSetting(f"seed is {self.seed}; allowed: a whole number of at most 64 bits")

    def _check_variants(self) -> None:
        options = {variant.id: variant.options for contract in contracts() for variant in contract.variants}
        for name, option in self.variants.items():
            if name not in options:
                raise InvalidSetting(f"unknown variant {name!r}; available: {', '.join(sorted(options))}")
            if option not in options[name]:
                raise InvalidSetting(f"variant {name} is {option!r}; allowed: {', '.join(options[name])}")

    def _check_files(self) -> None:
        if self.files is None:
            return
        try:
            parse_files_address(self.files)
        except ValueError as error:
            raise InvalidSetting(str(error)) from error

    def _check_host_map(self) -> None:
        names = [contract.name for contract in contracts()]
        for host, name in self.host_map.items():
            if web_host(f"http://{host}") != host or ":" in host:
                raise InvalidSetting(
                    f"host_map has {host!r}; allowed: a host name in lower case, without scheme and port"
                )
            if name not in names:
                raise InvalidSetting(f"host_map maps {host} to {name!r}; allowed: {', '.join(names)}")

    def _check_urls(self) -> None:
        if self.public_url is not None and _parse_value("public_url", self.public_url) != self.public_url:
            raise InvalidSetting(f"public_url is {self.public_url!r}; allowed: a URL without a slash at its end")
        if _parse_value("cors", self.cors) != self.cors:
            raise InvalidSetting(f"cors is {self.cors!r}; allowed: {PARSERS['cors'][1]}, without a slash at the end")

    @property
    def shared_values(self) -> Mapping[str, object]:
        """Settings in which processes that share a store must not differ: ids, shapes and prices depend on them."""
        variants = {f"variant {name}": option for name, option in self.variant_options.items()}
        price = "" if self.token_price is None else self.token_price
        return {"seed": self.seed, **variants, "token_price": price, "refund_after": self.refund_after}

    @property
    def variant_options(self) -> Mapping[str, str]:
        """The option in force of every variant."""
        defaults = {name: option for contract in contracts() for name, option in contract.defaults.items()}
        return {**defaults, **self.variants}


def default_cache_folder() -> Path:
    """The folder of this program in the user's cache."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("seedmock", appauthor=False))


def parse_variants(pairs: Iterable[str]) -> dict[str, str]:
    """Parse variants as the command line has them, ID=OPTION. Raises InvalidSetting."""
    options = {}
    for pair in pairs:
        name, equals, option = pair.partition("=")
        if not equals:
            raise InvalidSetting(f"variant is {pair!r}; allowed: ID=OPTION, such as {_example()}")
        options[name.strip()] = option.strip()
    return options


def parse_host_map(pairs: Iterable[str]) -> dict[str, str]:
    """Parse host names as the command line has them, HOST=UPSTREAM. Raises InvalidSetting."""
    hosts = {}
    for pair in pairs:
        host, equals, name = pair.partition("=")
        if not equals:
            example = f"localhost={contracts()[0].name}"
            raise InvalidSetting(f"host_map is {pair!r}; allowed: HOST=UPSTREAM, such as {example}")
        hosts[host.strip().lower()] = name.strip()
    return hosts


def _example() -> str:
    variant = next(variant for contract in contracts() for variant in contract.variants)
    return f"{variant.id}={variant.options[-1]}"


def parse_settings(values: Mapping[str, Any]) -> Settings:
    """Parse settings from plain values: `pace="instant"`, `token_price="7"`. Raises InvalidSetting."""
    names = set(Settings.__struct_fields__)
    for name in values:
        if name not in names:
            raise InvalidSetting(f"unknown setting {name!r}; available: {', '.join(sorted(names))}")
    return Settings(**{name: _parse_value(name, value) for name, value in values.items()})


def _parse_value(name: str, value: Any) -> Any:
    parse, allowed = PARSERS[name]
    if value is None and name in OPTIONAL:
        return None
    try:
        return parse(value)
    except (ValueError, TypeError, OverflowError, InvalidOperation) as error:
        raise InvalidSetting(f"{name} is {value!r}; allowed: {allowed}") from error


def _keys(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _public_url(value: Any) -> str:
    """Return a URL without trailing slash. Raises ValueError."""
    url = urlsplit(str(value).strip())
    host, prefix = url.netloc.encode(), url.path.rstrip("/")
    is_plain = url.scheme in ("http", "https") and HOST.fullmatch(host) and PREFIX.fullmatch(prefix.encode())
    if not is_plain or url.query or url.fragment:
        raise ValueError
    return f"{url.scheme}://{url.netloc}{prefix}"


def _origins(value: Any) -> tuple[str, ...]:
    """Return origins as browsers send them. Raises ValueError."""
    return tuple(origin if origin in ("*", "null") else _origin(str(origin)) for origin in _keys(value))


def _origin(text: str) -> str:
    url, port = urlsplit(text.strip()), urlsplit(text.strip()).port
    if not (url.scheme and url.hostname) or url.path.strip("/") or url.query or url.fragment or "@" in url.netloc:
        raise ValueError
    if not HOST.fullmatch(url.netloc.encode()):
        raise ValueError
    # A browser leaves out the port that its scheme implies, and has no letters in upper case.
    host = url.netloc.lower().removesuffix(f":{port}") if port == DEFAULT_PORTS.get(url.scheme) else url.netloc.lower()
    return f"{url.scheme}://{host}"


def _log_form(value: Any) -> str:
    if value not in LOG_FORMS:
        raise ValueError
    return str(value)


def _scenario(value: Any) -> str | Path:
    return value if isinstance(value, Path) else str(value)


PARSERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "pace": (Pace, f"one of {', '.join(Pace)}"),
    "seed": (int, "a whole number"),
    "keys": (_keys, "strings"),
    "variants": (dict, "options by the ids of variants"),
    "host_map": (dict, "upstreams by host names"),
    "cors": (_origins, "*, or origins of pages such as https://app.example.com or http://localhost:5173"),
    "log": (_log_form, f"one of {', '.join(LOG_FORMS)}"),
    "otel": (bool, "true or false"),
    "token_price": (Decimal, "a number"),
    "credit": (Decimal, "a number"),
    "refund_after": (float, "a number"),
    "fetch": (FetchPolicy, f"one of {', '.join(FetchPolicy)}"),
    "callbacks": (FetchPolicy, f"one of {', '.join(FetchPolicy)}"),
    "data_dir": (Path, "a path"),
    "files": (str, ALLOWED),
    "cache_dir": (Path, "a path"),
    "max_cache_bytes": (int, "a whole number"),
    "max_body_bytes": (int, "a whole number"),
    "body_timeout": (float, "a number"),
    "max_journal_entries": (int, "a whole number"),
    "rate_limit": (int, "a whole number"),
    "concurrency_limit": (int, "a whole number"),
    "public_url": (_public_url, "an http or https URL without query, such as https://mock.example.com/seedmock"),
    "control_token": (str, "a string"),
    "scenario": (_scenario, "a name or a path"),
    "store": (str, "memory, sqlite:PATH, or redis://HOST:PORT/DB"),
}
OPTIONAL = frozenset(name for name, value in asdict(Settings()).items() if value is None)
