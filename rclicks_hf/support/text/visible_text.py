"""Text from outside as it may be shown: nothing invisible, nothing too long."""

from __future__ import annotations

import re

# Control characters (C0 with DEL, C1), invisible and direction-changing ones, line and paragraph
# separators, a byte order mark, and surrogates, which no encoding can write.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_UNSEEN_IN_LINES = re.compile(_UNSEEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
_LONGEST = 32  # characters of a value in a message


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""The text with its unseen characters as escapes; ``keep_lines``: but line feeds and tabs.

    Example:
        >>> visible("a\x1b[31mb\udc80\u202e")
        'a\\x1b[31mb\\udc80\\u202e'
    """
    if text.isascii() and text.isprintable():
        return text
    return (_UNSEEN_IN_LINES if keep_lines else _UNSEEN).sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


# Tokens of the Hub, and what precedes the @ of an address or after token= in it.
_SECRETS = re.compile(
    r"\bhf_[A-Za-z0-9]{16,}|(?<=:/)[^\s/@]+(?=@)|(?<=://)[^\s/@]+(?=@)"
    r"|(?<=[?&]token=)[^\s&]+|(?<=Bearer )\S+"
)


def without_secrets(text: str) -> str:
    """The text with tokens and passwords replaced by three asterisks.

    Example:
        >>> without_secrets("http://me:secret@host/a?token=b")
        'http://***@host/a?token=***'
    """
    return _SECRETS.sub("***", text)


def shown(value: object, longest: int = _LONGEST) -> str:
    """The `repr` of a value for a message, with its middle left out where it is long.

    Example:
        >>> shown("a" * 100, 9)
        "'aa...aa'"
    """
    if isinstance(value, str) and len(value) > 2 * longest:
        value = value[:longest] + value[-longest:]  # the repr of a whole megabyte is not needed
    return shorten(visible(repr(value)), longest)


def shorten(text: str, longest: int) -> str:
    """The text, with its middle left out where it is longer.

    Example:
        >>> shorten("abcdefghij", 7)
        'ab...ij'
    """
    if len(text) <= longest:
        return text
    tail = (longest - 3) // 2
    return f"{text[: longest - 3 - tail]}...{text[-tail:]}"
