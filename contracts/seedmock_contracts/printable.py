"""Text from outside, made safe for a terminal. Knows no terminal and no command."""

from __future__ import annotations

_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: str, keep: str = "") -> str:
    """Escape the characters of a text that could control a terminal, but those in `keep`.

    They are control characters, C1 controls, and marks that change the direction of a text or hide in it. The escapes
    are those of JSON, so that a JSON document keeps its meaning.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else _escape(char) for char in text)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    return _SHORT_ESCAPES.get(char) or "".join(f"\\u{pair}" for pair in pairs)
