"""The exit code of each verdict: what a command ends with, and what its SARIF log says that it ended with."""

from __future__ import annotations

from collections.abc import Mapping

from ..results.certification import CertificationVerdict
from ..results.verification import VerificationVerdict

VERIFICATION: Mapping[VerificationVerdict, int] = {
    VerificationVerdict.CONFORMS: 0,
    VerificationVerdict.DRIFTED: 1,
    VerificationVerdict.COULD_NOT_LOOK: 3,
}
CERTIFICATION: Mapping[CertificationVerdict, int] = {
    CertificationVerdict.CERTIFIED: 0,
    CertificationVerdict.NOT_CERTIFIED: 1,
    CertificationVerdict.COULD_NOT_RUN: 3,
}
