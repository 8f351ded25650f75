"""One invocation of `seedmock verify`: parse its options, open the target, run the steps, write the reports."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.printable import printable
from seedmock_contracts.upstreams import get_contract
from seedmock_server.clock import Clock
from seedmock_server.settings import InvalidSetting, parse_variants

from ..driver.http_transport import InvalidBaseUrl
from ..errors import HarnessError
from ..recordings.writer import Recorder, RecordingError
from ..reports.writers import VERIFICATION_WRITERS, InvalidReportPath, check_report_paths, write_reports
from ..results.verification import Verification
from .budget import InvalidBudget, parse_amount, parse_budget
from .console import VerificationProgress, print_plan, print_result
from .order_log import OrderLog, OrderLogError, state_file
from .session import Session, UnknownStep, VerificationPlan, paid_options_for, plan_steps, target_fingerprint
from .target import Target, emulator_target, live_target


class MissingApiKey(HarnessError, ValueError):
    """`--base-url` without an API key."""


USAGE_ERRORS = (InvalidBudget, InvalidBaseUrl, InvalidSetting, InvalidReportPath, MissingApiKey, UnknownStep)
"""Raised for invalid options, before any request."""
RUNTIME_ERRORS = (OrderLogError, RecordingError, OSError)
"""Raised while the verification runs."""


class VerifyOptions(Struct, frozen=True):
    """Parsed options of the command. `limit` and `token_price` are in USD; a `limit` of None is unlimited."""

    contract: Contract
    limit: Decimal | None
    only: tuple[str, ...]
    reports: tuple[Path, ...]
    order_log: Path | None
    deep: bool
    token_price: Decimal | None
    record: Path | None


def parse_options(values: Mapping[str, Any]) -> VerifyOptions:
    """Parse the command's options. Raises one of USAGE_ERRORS."""
    check_report_paths(values["reports"], VERIFICATION_WRITERS)
    price = values["token_price"]
    limit = parse_budget(values["budget"]) if values["budget"] is not None else Decimal(0)
    if values["budget"] is None and values["base_url"] is None and values["only"]:
        limit = None  # paid steps named for an own emulator are meant to run: they cost play money
    return VerifyOptions(
        get_contract(values["upstream"]),
        limit,
        values["only"],
        values["reports"],
        values["order_log"],
        values["deep"],
        None if price is None else parse_amount(price, "an amount in USD, such as 7"),
        values["record"],
    )


@contextlib.contextmanager
def open_target(contract: Contract, values: Mapping[str, Any]) -> Iterator[Target]:
    """Open the service at `--base-url`, or an emulator. Raises one of USAGE_ERRORS."""
    if values["base_url"] is None:
        settings = {name: values[name] for name in ("seed", "pace", "token_price") if values[name] is not None}
        with emulator_target(**settings, variants=parse_variants(values["variants"])) as target:
            yield target
        return
    key = (values["api_key"] or "").strip()
    if not key or not key.isascii():
        raise MissingApiKey("--base-url requires an API key: set SEEDMOCK_API_KEY, or give --api-key")
    with live_target(contract, values["base_url"], key, (values["second_api_key"] or "").strip()) as target:
        yield target


def plan_verification(options: VerifyOptions, target: Target) -> VerificationPlan:
    """Return the selected steps with their prices. Raises UnknownStep."""
    paid_options = paid_options_for(target, token_price=options.token_price, deep=options.deep)
    return plan_steps(options.contract, paid_options, options.only)


def verify_target(options: VerifyOptions, target: Target, plan: VerificationPlan) -> Verification:
    """Run the plan, print the result and write the reports. Raises one of RUNTIME_ERRORS."""
    target_id = target_fingerprint(options.contract, target)
    default_path = None if target.is_own_emulator else state_file(f"verify-{options.contract.name}-{target_id}.jsonl")
    order_log = OrderLog(options.order_log or default_path, target_id)
    recorder = _recorder(options, target)
    progress = VerificationProgress(recorder.add_or_stop if recorder is not None else None)
    session = Session.create(target, plan, options.limit, order_log, progress)
    print_plan(session, options.limit)
    with progress.bar(), recorder or contextlib.nullcontext():
        verification = session.run()
    print_result(verification)
    if recorder is not None:
        click.echo(printable(recorder.summary), err=bool(recorder.problem))
    write_reports(verification, options.reports, VERIFICATION_WRITERS)
    return verification


def _recorder(options: VerifyOptions, target: Target) -> Recorder | None:
    if options.record is None:
        return None
    secrets = (key for caller, key in target.keys.items() if caller != "wrong")
    return Recorder(options.record, options.contract, target.name, Clock().now(), secrets, emulator=target.is_emulator)
