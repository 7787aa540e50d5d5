"""Texts that people make up: which may name things, and how any of them is shown.

A control character in a name can move a terminal's cursor, repaint what stands on it or type into
it, and a bidirectional override can make a name read as another. No such name is taken, and what
comes from elsewhere (a damaged database, a file's name) is shown with these characters escaped.
"""

from __future__ import annotations

import re

_LONGEST_SHOWN = 60

# Symbols of which emoji are made, among them those that this Python's Unicode does not know yet.
_SYMBOL = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]"
)
# Unicode Technical Standard 51: zero-width joiners stand between two symbols, tags (as in the flag
# of Scotland) after a black flag, closed by a cancel tag. Anywhere else they are invisible.
_EMOJI = re.compile(
    f"({_SYMBOL}\ufe0f?(?:\u200d{_SYMBOL}\ufe0f?)+"
    "|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
    f"|{_SYMBOL})"
)


def is_printable(text: str) -> bool:
    """Whether a terminal shows all of a text and does nothing else.

    That is `str.isprintable`, which refuses control, format and bidirectional characters, but
    with emoji sequences (UTS 51), whose joiners and tags are format characters.
    """
    return _EMOJI.sub("", text).isprintable()


def visible(text: str) -> str:
    """A text in one line with escapes like `\\x1b` for all that `is_printable` refuses."""
    if is_printable(text):
        return text
    parts = _EMOJI.split(text)  # every second one is an emoji
    parts[::2] = [part if part.isprintable() else _escaped(part) for part in parts[::2]]
    return "".join(parts)


def quoted(text: str) -> str:
    """A text for an error: in quotes, escaped, and cut if it is long."""
    return repr(text) if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]!r}..."


def _escaped(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
