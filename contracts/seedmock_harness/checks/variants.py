"""Which option of a variant an answer shows. Where no option is known to hold, another than the default is news."""

from __future__ import annotations

from seedmock_contracts.facts import Variants

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed


def chosen(interaction: Interaction, id_: str, option: str) -> CheckResult:
    """A look at the variant `id_`, of which an answer shows an option, or something that is none of them."""
    variant = interaction.contract.fact(id_)
    assert isinstance(variant, Variants), f"{id_} is no variant"
    pinned = interaction.history.options.get(id_)
    expected = pinned or variant.default
    if option == expected:
        return passed(variant, option)
    if pinned is None and option in variant.options:
        return failed(variant, "another option holds than the default", expected, option, Severity.INFO)
    return failed(variant, "none of the options that may hold", pinned or " or ".join(variant.options), option)
