"""HTML pages: one self-contained file each. Recorded content is escaped, never markup.

The templates are package data. A page runs no script and loads nothing, which its Content-Security-Policy enforces.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from .http_text import format_request, format_response, truncate
from .summary import format_time, pluralize
from .timeline import CallKind, Tone
from .timeline_layout import format_duration, is_uneven
from .verify.json import repeat_command

if TYPE_CHECKING:
    from jinja2 import Environment

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def render_page(template: str, **values: Any) -> str:
    """Render one of the package's templates."""
    return _environment().get_template(template).render(**values)


def escape_invisible(value: object) -> str:
    """Return a value as text with escapes for invisible characters and those that change the reading direction."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", str(value))


@cache
def _environment() -> Environment:
    # Imported here: jinja2 is slow to import, and most runs write no page.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters.update(
        duration=format_duration,
        request=format_request,
        response=format_response,
        repeat=repeat_command,
        pluralize=pluralize,
        truncated=truncate,
        time=format_time,
        uneven=is_uneven,
        percent=lambda value: f"{value:.2f}%",
    )
    environment.globals.update(CallKind=CallKind, Tone=Tone)
    return environment


def _finalize(value: Any) -> Any:
    return escape_invisible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
