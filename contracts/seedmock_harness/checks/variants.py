"""Check which option of a variant a response shows.

Where the option is not known in advance, one that differs from the default is information, not a contradiction.
"""

from __future__ import annotations

from seedmock_contracts.facts import Variants

from ..conversation.history import Interaction
from ..results.checks import CheckResult, Severity, failed, passed

OTHER_OPTION = "another option holds than the default"


def check_option(interaction: Interaction, variant: Variants, option: str) -> CheckResult:
    """Compare the option that a response shows with the known one, or with the default. `option` may be unknown."""
    pinned = interaction.history.options.get(variant.id)
    expected = pinned or variant.default
    if option == expected:
        return passed(variant, option)
    if pinned is None and option in variant.options:
        return failed(variant, OTHER_OPTION, expected, option, Severity.INFO)
    return failed(variant, "none of the documented options", pinned or " or ".join(variant.options), option)
