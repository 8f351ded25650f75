"""Rules of fates, and the choice of a fate for a request. Knows no upstream."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from msgspec import Struct

from seedmock_contracts.contract import Contract
from seedmock_contracts.enums import Operation

from ..matching import magic_values as magic
from ..matching.rules import Counter, InvalidRule, Match, RequestFacts, RuleSet, parse_rule
from ..randomness import SeededRandom
from .models import (
    CERTAIN_SUCCESS,
    CERTAINLY_ACTIVE,
    OPERATIONS,
    SUCCEED,
    Fate,
    FateKind,
    Outcomes,
    check_fate,
    check_outcomes,
    fail_codes,
    parse_fate,
    parse_outcomes,
)


class FateRule(Struct, frozen=True):
    """Outcomes, and the requests of which one of them becomes the fate."""

    match: Match
    outcomes: Outcomes


def parse_fate_rule(values: Mapping[str, Any]) -> FateRule:
    """Parse a rule from `{"match": {...}, "fate": ...}`; one for assets names their operation. Raises InvalidRule."""
    match, outcomes = parse_rule(values, "fate")
    rule = FateRule(match, parse_outcomes(outcomes))
    operation = match.operation or Operation.CREATE
    if operation not in OPERATIONS:
        raise InvalidRule(f"operation is {operation!r}, which has no fates; allowed: {', '.join(OPERATIONS)}")
    check_outcomes(rule.outcomes, operation, match.upstream)
    return rule


class FateRules(RuleSet[FateRule]):
    """Rules of fates. The first of these decides: header, magic value, rules, scenario, account default, default.

    Defaults, and rules that name no operation, are for tasks; assets become active.
    """

    def __init__(self, random: SeededRandom) -> None:
        super().__init__(random, "fate")
        self.default = CERTAIN_SUCCESS
        self.account_defaults: dict[str, Outcomes] = {}

    def clear(self, account: str | None = None) -> None:
        """Remove all rules and defaults, or those of an account."""
        if account is not None:
            self.remove_account(account)
            self.account_defaults.pop(account, None)
            self.forget_draws(account)
            return
        self.restore(0, [], [], {}, CERTAIN_SUCCESS)
        self.forget_draws()

    def restore(
        self,
        number: int,
        rules: list[tuple[Counter, FateRule]],
        scenario: list[tuple[Counter, FateRule]],
        account_defaults: dict[str, Outcomes],
        default: Outcomes,
    ) -> None:
        """Replace the rules, their counts and the defaults; the next label follows on `number`."""
        self._note_changes(everything=True)
        self.number, self.default = number, default
        self.rules[:], self.scenario[:] = rules, scenario
        self.account_defaults.clear()
        self.account_defaults.update(account_defaults)

    @property
    def is_plain(self) -> bool:
        """Tell that every task succeeds unless its own request says otherwise."""
        return not self.rules and not self.scenario and not self.account_defaults and self.default.is_plain

    async def choose(
        self,
        contract: Contract,
        request: RequestFacts,
        header: str = "",
        *,
        media_fate: Fate | None = None,
        spared: Container[str] = (),
    ) -> Fate:
        """Choose the fate of a request. `media_fate` is the one that its media cause.

        A rule's fate `refused` for a reason that is `spared` becomes a success. Raises InvalidRule for a header or a
        magic value that is malformed or not allowed here.
        """
        requested = header or magic.fate_in(request.prompt, request.references)
        if requested:
            return check_fate(parse_fate(requested), request.operation, (contract,))
        if media_fate is not None:
            return media_fate
        fate = await self._drawn_fate(contract, request)
        # A model that the vendor does not moderate cannot refuse for this reason, whatever a rule says.
        if fate.kind is FateKind.REFUSED and fate.texts.get("why", "face") in spared:
            return SUCCEED
        return fate

    async def _drawn_fate(self, contract: Contract, request: RequestFacts) -> Fate:
        outcomes = await self._outcomes(contract, request)
        if len(outcomes.weighted) == 1:
            return outcomes.weighted[0][1]
        # Counted by account: requests of other accounts must not change this one's draws.
        number = await self._next_draw(request.account)
        return outcomes.draw(self._random.uniform("fate", request.account, number))

    async def _outcomes(self, contract: Contract, request: RequestFacts) -> Outcomes:
        is_asset = request.operation == Operation.ASSET_CREATE
        for counter, rule in (*self.rules, *self.scenario):
            # Written with tasks in mind: no asset should fail because a rule fails all videos.
            if is_asset and rule.match.operation is None:
                continue
            if _has_codes(rule.outcomes, contract, request) and await self._claims(counter, request):
                return rule.outcomes
        if is_asset:
            return CERTAINLY_ACTIVE
        defaults = (self.account_defaults.get(request.account, self.default), self.default)
        return next((outcomes for outcomes in defaults if _has_codes(outcomes, contract, request)), CERTAIN_SUCCESS)


def _has_codes(outcomes: Outcomes, contract: Contract, request: RequestFacts) -> bool:
    """Tell whether an upstream has the codes of all outcomes; rules without an upstream can name another's."""
    # All, since one of them is drawn later: a draw must not end in a code that the upstream does not have.
    codes = {fate.texts["code"] for _, fate in outcomes.weighted if "code" in fate.texts}
    return not codes or codes <= fail_codes(contract, request.operation).keys()
