"""What a word without quotes in a YAML file stands for; what its readers disagree about is refused."""

import re
from math import isinf
from typing import Any

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_DIGITS = r"\d+(_\d+)*"
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*(_\d+)*)", re.ASCII)
_FLOAT = re.compile(rf"[-+]?({_DIGITS}(\.({_DIGITS})?)?|\.{_DIGITS})([eE][-+]?\d+)?", re.ASCII)

# YAML 1.1, YAML 1.2 and the command line read each of these in two ways at least.
_DISPUTED = {
    "true in YAML 1.1, and text on the command line; write true": re.compile(r"yes|Yes|YES|on|On|ON"),
    "false in YAML 1.1, and text on the command line; write false": re.compile(r"no|No|NO|off|Off|OFF"),
    "an octal number in YAML 1.1; write it without the 0 in front": re.compile(r"[-+]?0[\d_]+", re.ASCII),
    "a number of another base to some; write it in decimal": re.compile(
        r"[-+]?0([bB][01_]+|[oO][0-7_]+|[xX][\da-fA-F_]+)", re.ASCII
    ),
    "a number in sixties in YAML 1.1 (1:30 is 90); write it in decimal": re.compile(
        r"[-+]?([1-9][\d_]*(:[0-5]?\d)+|\d[\d_]*(:[0-5]?\d)+\.[\d_]*)", re.ASCII
    ),
    "a number with misplaced _ to some; write the digits alone": re.compile(r"[-+]?\d[\d_]*(\.[\d_]*)?", re.ASCII),
    "a power of ten that looks like a name; write the number as in 1.5e+3": re.compile(r"\d{2,}[eE]\d+", re.ASCII),
}


class DisputedError(ValueError):
    """A word that its readers disagree about; the message says how, and the cure."""


def read_plain(word: str) -> Any:
    """Read a word that stands in a YAML file without quotes.

    It is null, a boolean, a number as on the command line, or text.

    Raises:
        DisputedError: YAML 1.1, YAML 1.2 and the command line disagree on it, or it has too many digits.

    Examples:
        >>> [read_plain(word) for word in ("true", "3", "1e-3", "cnn")]
        [True, 3, 0.001, 'cnn']
        >>> read_plain("0123")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        deeplab.config.yaml_scalars.DisputedError: 0123 is an octal number in YAML 1.1; ...
    """
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        try:
            return int(word)
        except ValueError as error:  # Python reads 4,300 digits at most
            raise DisputedError(f"a number of {len(word):,} digits is too long") from error
    for meaning, pattern in _DISPUTED.items():
        if pattern.fullmatch(word) and not (_FLOAT.fullmatch(word) and "." in word):
            raise DisputedError(f"{word[:40]} is {meaning}, or '{word[:40]}' in quotes for text")
    if not _FLOAT.fullmatch(word):
        return word
    number = float(word)
    if isinf(number):
        raise DisputedError(f"{word[:40]} is larger than numbers can be; in quotes it is text")
    return number
