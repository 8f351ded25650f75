"""Size of the tests: those that try many cases alike try a part of them, but for the profile `deep`."""

from __future__ import annotations

from hypothesis import settings

IS_DEEP = settings().max_examples > 1000
"""Set by `pytest --hypothesis-profile=deep`, as a workflow does once a week."""
