"""The exit code of each verdict: what a command ends with, and what its SARIF log says that it ended with."""

from __future__ import annotations

from collections.abc import Mapping

from ..results.certification import Verdict as Certified
from ..results.verification import Verdict

VERIFICATION: Mapping[Verdict, int] = {Verdict.CONFORMS: 0, Verdict.DRIFTED: 1, Verdict.COULD_NOT_LOOK: 3}
CERTIFICATION: Mapping[Certified, int] = {
    Certified.CERTIFIED: 0,
    Certified.NOT_CERTIFIED: 1,
    Certified.COULD_NOT_RUN: 3,
}
