"""One test for a property over many cases: pytest takes some milliseconds for each test, and a pure check far less."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from seedmock_contracts.facts import Fact

Test = Callable[..., None]
LABEL_CHARACTERS = 200


def each_case(names: str, cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test for each case in one go; its failure is an ExceptionGroup with every case that fails.

    Takes names and cases as `pytest.mark.parametrize` does. All cases share the fixtures of the test.
    """
    parameters = [name.strip() for name in names.split(",")]
    rows = [case if len(parameters) > 1 else (case,) for case in cases]

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            assert rows, "there is no case"
            failures = [failure for row in rows if (failure := _failure(test, fixtures, parameters, row)) is not None]
            if failures:
                raise ExceptionGroup(f"{len(failures)} of {len(rows)} cases", failures)

        signature = inspect.signature(test)
        fixtures = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        run.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]
        return run

    return decorate


def _failure(test: Test, fixtures: dict[str, Any], parameters: list[str], row: tuple[Any, ...]) -> Exception | None:
    try:
        test(**fixtures, **dict(zip(parameters, row, strict=True)))
    except Exception as error:
        error.add_note(f"case: {', '.join(map(_label, row))}")
        return error
    return None


def _label(value: Any) -> str:
    """Id or name of a record of the contracts, whose text is long; the text of any other value."""
    fact = getattr(value, "fact", None)
    record = fact if isinstance(fact, Fact) else value
    names = (getattr(record, name, None) for name in ("id", "name"))
    return next((name for name in names if isinstance(name, str)), repr(value)[:LABEL_CHARACTERS])
