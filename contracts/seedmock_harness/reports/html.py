"""Pages: one file each that needs nothing else. Whatever was heard is text in them, never markup.

The templates are carried beside this module. A page runs no script and may load nothing: its own policy says so.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from .http_text import answered, asked, shortened
from .summary import count, moment
from .timeline import Mark, Tone
from .timeline_layout import is_uneven, span
from .verify.json import repeat

if TYPE_CHECKING:
    from jinja2 import Environment

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")


def page(template: str, **values: Any) -> str:
    """A page made from a template of ours."""
    return _environment().get_template(template).render(**values)


def seen(value: object) -> str:
    """A value as text in which characters that cannot be seen, or turn others around, stand as escapes."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))


@cache
def _environment() -> Environment:
    """Imported late: nobody who writes no page waits for it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: seen(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
    )
    made.filters.update(span=span, moment=moment, asked=asked, answered=answered, repeat=repeat, count=count)
    made.filters.update(shortened=shortened, uneven=is_uneven, percent=lambda value: f"{value:.2f}%")
    made.globals.update(Mark=Mark, Tone=Tone)
    return made
