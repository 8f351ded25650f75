"""Exit codes by verdict, for the commands and for the SARIF logs that state them."""

from __future__ import annotations

from collections.abc import Mapping

from ..results.certification import CertificationVerdict
from ..results.verification import VerificationVerdict

# 2 is click's own, for invalid options.
VERIFICATION_EXITS: Mapping[VerificationVerdict, int] = {
    VerificationVerdict.CONFORMS: 0,
    VerificationVerdict.DRIFTED: 1,
    VerificationVerdict.INCONCLUSIVE: 3,
}
CERTIFICATION_EXITS: Mapping[CertificationVerdict, int] = {
    CertificationVerdict.CERTIFIED: 0,
    CertificationVerdict.NOT_CERTIFIED: 1,
    CertificationVerdict.COULD_NOT_RUN: 3,
}
