"""Settings: parsed from strings, and rejected with a message that says what is allowed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from seedmock_contracts.upstreams import contracts
from seedmock_server import create_app, serve
from seedmock_server.settings import InvalidSetting, Settings, parse_settings

WRONG = [
    ({"pace": "slow"}, "pace is 'slow'; allowed: one of instant, fast, realistic, step"),
    ({"fetch": True}, "fetch is True; allowed: one of none, loopback, public"),
    ({"seed": "seven"}, "seed is 'seven'; allowed: a whole number"),
    ({"seed": 2**64}, "seed is 18446744073709551616; allowed: a whole number of at most 64 bits"),
    ({"credit": "much"}, "credit is 'much'; allowed: a number"),
    ({"credit": "NaN"}, "credit is NaN; allowed: 0 or more"),
    ({"token_price": "-1"}, "token_price is -1; allowed: 0 or more"),
    ({"token_price": "Infinity"}, "token_price is Infinity; allowed: 0 or more"),
    ({"credit": "-0.01"}, "credit is -0.01; allowed: 0 or more"),
    ({"refund_after": None}, "refund_after is None; allowed: a number"),
    ({"refund_after": "-1"}, "refund_after is -1.0; allowed: 0 to 1000000000 seconds"),
    ({"refund_after": "inf"}, "refund_after is inf; allowed: 0 to 1000000000 seconds"),
    ({"keys": ("sk_x", " ")}, "a key is blank; allowed: any string that is not blank"),
    ({"keys": 7}, "keys is 7; allowed: strings"),
    ({"max_body_bytes": 0}, "max_body_bytes is 0; allowed: more than 0"),
    ({"max_body_bytes": "big"}, "max_body_bytes is 'big'; allowed: a whole number"),
    ({"body_timeout": float("nan")}, "body_timeout is nan; allowed: more than 0"),
    ({"max_journal_entries": -5}, "max_journal_entries is -5; allowed: more than 0"),
    ({"max_cache_bytes": None}, "max_cache_bytes is None; allowed: a whole number"),
    ({"cache_dir": 7}, "cache_dir is 7; allowed: a path"),
    *(
        ({"public_url": url}, f"public_url is '{url}'; allowed: an http or https URL without query, such as ")
        for url in (
            *("", "mock.example", "ftp://mock.example", "https://", "https://a b", "https://x?y=1", "https://x#y"),
            *("https://user:pw@x", "https://x/<b>", "https://x:port", "https://x//y"),
        )
    ),
    ({"variants": "opeai.seed"}, "variants is 'opeai.seed'; allowed: options by the ids of variants"),
    ({"variants": {"opeai.status": "x"}}, "variant opeai.status is 'x'; allowed: documented, openai"),
    ({"variants": {"opeai.stat": "x"}}, "unknown variant 'opeai.stat'; available: apimodels.asset_status, "),
    ({"paces": "fast"}, "unknown setting 'paces'; available: body_timeout, "),
]


@pytest.mark.parametrize(("values", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_an_invalid_setting_is_rejected_by_name_with_what_is_allowed(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        create_app(**values)
    assert str(raised.value).startswith(message)
    with pytest.raises(InvalidSetting), serve(**values):
        raise AssertionError("unreachable")


def test_settings_are_parsed_from_strings() -> None:
    settings = parse_settings(
        {
            "pace": "step",
            "seed": "7",
            "credit": "5.5",
            "token_price": None,
            "cache_dir": "x",
            "max_body_bytes": "9",
            "keys": "k",
        }
    )
    assert (settings.pace, settings.seed, settings.credit, settings.token_price) == ("step", 7, Decimal("5.5"), None)
    for url in ("https://mock.example/seed/", " https://mock.example/seed "):
        assert parse_settings({"public_url": url}).public_url == "https://mock.example/seed"
    assert (settings.cache_dir, settings.max_body_bytes, settings.keys) == (Path("x"), 9, ("k",))


def test_every_variant_has_an_option() -> None:
    options = Settings(variants={"opeai.seed": "reject"}).variant_options
    assert set(options) == {variant.id for contract in contracts() for variant in contract.variants}
    assert options["opeai.seed"] == "reject"
    assert options["opeai.status"] == "documented"


def test_settings_take_effect(start_server: Any) -> None:
    server = start_server(credit="5", token_price="3", keys="k")
    assert server.balance(key="k") == 5
    assert server.get("/v1/balance").status_code == 401
