"""Contract harness: checks upstreams and clients against the documented contracts, and reports the results.

No other package of seedmock imports it. Importing it loads none of its rooms: each name is resolved on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .certify.runner import run_certification
    from .conformance.runner import run_conformance
    from .verify.live_verification import run_verification

# Not `verify`: a submodule has that name, and importing it would replace a function of the same name.
__all__ = ["run_certification", "run_conformance", "run_verification"]


def __getattr__(name: str) -> Any:
    """Import one of the public functions when it is first used."""
    if name == "run_certification":
        from .certify.runner import run_certification

        return run_certification
    if name == "run_conformance":
        from .conformance.runner import run_conformance

        return run_conformance
    if name == "run_verification":
        from .verify.live_verification import run_verification

        return run_verification
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
