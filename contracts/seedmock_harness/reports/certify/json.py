"""A certification as one JSON object, for programs."""

from __future__ import annotations

import json
from typing import Any

from ...results.certification import Certification, InvariantViolation


def certification_json(found: Certification) -> str:
    """The object, indented."""
    return json.dumps(certification_object(found), indent=2, ensure_ascii=False) + "\n"


def certification_object(found: Certification) -> dict[str, Any]:
    """The object as Python has it; `scenarios` is how many there were."""
    return {
        "upstream": found.upstream,
        "adapter": found.adapter,
        "verdict": found.verdict.value,
        "scenarios": len(found.trials),
        "broken": [_broken(one) for one in found.violations],
    }


def _broken(one: InvariantViolation) -> dict[str, Any]:
    return {
        "invariant": one.invariant.value,
        "scenario": one.scenario,
        "severity": one.severity.value,
        "detail": one.detail,
        "conversation": list(one.transcript),
    }
