"""Which texts may name things, and how any text is shown.

A control character in a name can move a terminal's cursor or repaint what stands there, and a
bidirectional override can make a name read as another. No such name is taken, and what comes from
elsewhere (a damaged database, a file's name) is shown with these characters escaped.
"""

from __future__ import annotations

_LONGEST_SHOWN = 60
_MOST_DECIMALS = 12


def is_printable(text: str) -> bool:
    """Whether a text has no control, format or other characters that do not print."""
    return text.isprintable()


def visible(text: str) -> str:
    """A text in one line with escapes like `\\x1b` for the characters that do not print."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """A text for an error: in quotes, escaped, and cut if it is long."""
    return repr(text) if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]!r}..."


def shown(value: object) -> str:
    """An argument as Python writes it, in one line, cut if it is long."""
    try:
        text = visible(" ".join(repr(value).split()))
    except ValueError:  # Python writes no int of thousands of digits
        return "a number of too many digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def several(count: int, noun: str) -> str:
    """A count and what is counted: "1 configuration", "24 configurations"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def share_text(share: float, digits: int = 3) -> str:
    """A share in decimals: "0.667"; in more where it would read 0 or 1 and is neither: "0.0003"."""
    text = f"{share:.{digits}f}"
    while 0 < share < 1 and float(text) in (0, 1) and digits < _MOST_DECIMALS:
        digits += 1
        text = f"{share:.{digits}f}"
    return text


def span_text(low: float, high: float, to: str = "-") -> str:
    """Two shares with a word in between: "0.943-1.000"."""
    return f"{share_text(low)}{to}{share_text(high)}"


def number_text(value: float) -> str:
    """A number in few digits that give the same number again: "0.5", "1e-07", "10"."""
    text = f"{value:.15g}"
    return text if float(text) == value else repr(value)
