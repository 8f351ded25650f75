"""Certification as one JSON object."""

from __future__ import annotations

import json
from typing import Any

from ...results.certification import Certification, InvariantViolation


def certification_json(certification: Certification) -> str:
    """Return the object, indented."""
    return json.dumps(certification_object(certification), indent=2, ensure_ascii=False) + "\n"


def certification_object(certification: Certification) -> dict[str, Any]:
    """Return the object as a dict; `scenarios` is the number of trials."""
    return {
        "upstream": certification.upstream,
        "adapter": certification.adapter,
        "verdict": certification.verdict.value,
        "scenarios": len(certification.trials),
        "violations": [_violation_object(violation) for violation in certification.violations],
    }


def _violation_object(violation: InvariantViolation) -> dict[str, Any]:
    return {
        "invariant": violation.invariant.value,
        "scenario": violation.scenario,
        "severity": violation.severity.value,
        "detail": violation.detail,
        "transcript": list(violation.transcript),
    }
