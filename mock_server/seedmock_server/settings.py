"""What can be set, in one table: each field is a flag of `seedmock serve` and a variable SEEDMOCK_*."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from seedmock_contracts.upstreams import contracts

from .errors import SeedmockServerError
from .references.files import FetchPolicy
from .tasks.timeline import Pace

MEBIBYTE = 1024 * 1024
SEEDS = 1 << 64


class InvalidSetting(SeedmockServerError, ValueError):
    """A setting that cannot be: the message names it, what was found and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the emulator behaves.

    `seed` None draws one. `keys` empty takes any non-empty key. `variants` maps a variant's id to an option.
    `token_price` is B's assumed price in USD per million tokens. `credit` is what each key may spend at each upstream,
    in USD; None is no limit, and A's balance counts down from 1000. `refund_after` is how many seconds after its end
    what has failed is paid back.
    `control_token` None lets this machine use the control API, and nobody else.
    `scenario` is the name of one that comes with seedmock, or the path of a file; None is none.
    `folder` None is a temporary one, gone at the end; `cache` None is the user's cache folder.
    `rate_limit` is calls a minute and `concurrency_limit` tasks that have not ended, of a key; None is no limit.
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
    folder: Path | None = None
    cache: Path | None = None
    cache_bytes: int = 1024 * MEBIBYTE
    body_bytes: int = 100 * MEBIBYTE
    body_seconds: float = 30.0
    journal_entries: int = 1000
    rate_limit: int | None = None
    concurrency_limit: int | None = None
    control_token: str | None = None
    scenario: str | Path | None = None

    def __post_init__(self) -> None:
        known = {variant.id: variant.options for contract in contracts() for variant in contract.variants}
        for name, option in self.variants.items():
            if name not in known:
                raise InvalidSetting(f"no variant {name!r}; there are: {', '.join(sorted(known))}")
            if option not in known[name]:
                raise InvalidSetting(f"variant {name} is {option!r}; allowed: {', '.join(known[name])}")
        for name in ("cache_bytes", "body_bytes", "body_seconds", "journal_entries"):
            if not getattr(self, name) > 0:
                raise InvalidSetting(f"{name} is {getattr(self, name)}; allowed: more than 0")
        for name in ("rate_limit", "concurrency_limit"):
            most = getattr(self, name)
            if most is not None and most < 1:
                raise InvalidSetting(f"{name} is {most}; allowed: 1 or more")
        for name in ("credit", "token_price"):
            amount = getattr(self, name)
            if amount is not None and not (amount.is_finite() and amount >= 0):
                raise InvalidSetting(f"{name} is {amount}; allowed: 0 or more")
        if not 0 <= self.refund_after < float("inf"):
            raise InvalidSetting(f"refund_after is {self.refund_after}; allowed: 0 or more")
        if any(not key.strip() for key in self.keys):
            raise InvalidSetting("a key is blank; allowed: any text that is not")
        if self.control_token is not None and not self.control_token.strip():
            raise InvalidSetting("control_token is blank; allowed: any text that is not")
        if self.seed is not None and not -SEEDS <= self.seed < SEEDS:
            raise InvalidSetting(f"seed is {self.seed}; allowed: a whole number of at most 64 bits")

    @property
    def options(self) -> Mapping[str, str]:
        """Every variant's option in force."""
        return {name: option for contract in contracts() for name, option in contract.defaults.items()} | dict(
            self.variants
        )


def options_from(pairs: Iterable[str]) -> dict[str, str]:
    """Variants as people write them, ID=OPTION. Raises InvalidSetting."""
    options = {}
    for pair in pairs:
        name, equals, option = pair.partition("=")
        if not equals:
            raise InvalidSetting(f"variant {pair!r}; expected ID=OPTION, such as opeai.status=openai")
        options[name.strip()] = option.strip()
    return options


def from_texts(values: Mapping[str, Any]) -> Settings:
    """Settings from plain values: `pace="instant"`, `token_price="7"`, `folder="work"`. Raises InvalidSetting."""
    known = {field.name for field in fields(Settings)}
    for name in values:
        if name not in known:
            raise InvalidSetting(f"no setting {name!r}; there are: {', '.join(sorted(known))}")
    return Settings(**{name: _read(name, value) for name, value in values.items()})


def _read(name: str, value: Any) -> Any:
    read, allowed = KINDS[name]
    if value is None and name in ABSENT:
        return None
    try:
        return read(value)
    except (ValueError, TypeError, OverflowError, InvalidOperation) as error:
        raise InvalidSetting(f"{name} is {value!r}; allowed: {allowed}") from error


ABSENT = frozenset(field.name for field in fields(Settings) if field.default is None)


def _keys(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _scenario(value: Any) -> str | Path:
    return value if isinstance(value, Path) else str(value)


KINDS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "pace": (Pace, f"one of {', '.join(Pace)}"),
    "seed": (int, "a whole number"),
    "keys": (_keys, "texts"),
    "variants": (dict, "options by the ids of variants"),
    "token_price": (Decimal, "a number"),
    "credit": (Decimal, "a number"),
    "refund_after": (float, "a number"),
    "fetch": (FetchPolicy, f"one of {', '.join(FetchPolicy)}"),
    "callbacks": (FetchPolicy, f"one of {', '.join(FetchPolicy)}"),
    "folder": (Path, "a path"),
    "cache": (Path, "a path"),
    "cache_bytes": (int, "a whole number"),
    "body_bytes": (int, "a whole number"),
    "body_seconds": (float, "a number"),
    "journal_entries": (int, "a whole number"),
    "rate_limit": (int, "a whole number"),
    "concurrency_limit": (int, "a whole number"),
    "control_token": (str, "a text"),
    "scenario": (_scenario, "a name or a path"),
}
