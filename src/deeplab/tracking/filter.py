"""The small language that says which runs are meant: `model=cnn* and test/accuracy>0.98`.

It compares, joins and negates, and can do nothing else, so a filter from anywhere is safe to run.
"""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from deeplab.errors import UserError

Value = str | float
# What a run has under the name of a field, or None.
Lookup = Callable[[str], Value | None]

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPERATORS = ("=", "!=", *_ORDERS)
_WORDS = ("and", "or", "not")
_DEEPEST = 50  # parentheses in one another; Python's own limit would end as a traceback
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<quoted>'[^']*'|"[^"]*")
    |(?P<operator><=|>=|!=|==|[=<>])
    |(?P<bracket>[()])
    |(?P<word>[^\s()'"=<>!]+)
    )""",
    re.VERBOSE,
)
# A value may hold what is no part of a field's name: l2=1e-06 is the name of a run.
_BARE_VALUE = re.compile(r"\s*(?P<word>[^\s()'\"=<>!][^\s()'\"]*)")


@dataclass(frozen=True)
class Comparison:
    """A field held against a value; false for a run that has no such field."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True)
class Not:
    """True where its part is not."""

    part: "Filter"


@dataclass(frozen=True)
class AllOf:
    """True where all of its parts are; without parts, of every run."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class AnyOf:
    """True where one of its parts is."""

    parts: tuple["Filter", ...]


Filter = Comparison | Not | AllOf | AnyOf


def parse(text: str) -> Filter:
    """Read a filter.

    Comparisons `FIELD = VALUE` (also `!= < <= > >=`) are joined by `and`, `or`, `not` and parentheses, as in Python.
    In text `*` stands for any letters and `?` for one, and capitals make no difference; a value with blanks or
    parentheses is quoted. A text of blanks is true of every run.
    """
    return _Reader(text).read() if text.strip() else AllOf(())


def matches(query: Filter, lookup: Lookup) -> bool:
    """Whether a filter is true of the run whose values these are."""
    match query:
        case Comparison(field, sign, value):
            own = lookup(field)
            return own is not None and _compares(own, sign, value)
        case Not(part):
            return not matches(part, lookup)
        case AllOf(parts):
            return all(matches(part, lookup) for part in parts)
        case AnyOf(parts):
            return any(matches(part, lookup) for part in parts)


def _compares(own: Value, sign: str, value: str) -> bool:
    number, threshold = as_number(own), as_number(value)
    if sign in _ORDERS:
        return number is not None and threshold is not None and _ORDERS[sign](number, threshold)
    # A pattern has no sets of letters: brackets stand for themselves.
    is_like = fnmatchcase(str(own).lower(), value.lower().replace("[", "[[]"))
    alike = (number is not None and number == threshold) or is_like
    return alike if sign == "=" else not alike


def fields(query: Filter) -> Iterator[str]:
    """The names of the fields that a filter asks for, in their order."""
    if isinstance(query, Comparison):
        yield query.field
    else:
        for part in (query.part,) if isinstance(query, Not) else query.parts:
            yield from fields(part)


class _Token(NamedTuple):
    kind: str
    text: str
    end: int


class _Reader:
    """Reads one filter from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def read(self) -> Filter:
        query = self._either()
        if self._peek() is not None:
            raise self._error("'and' or 'or' is missing")
        return query

    def _either(self) -> Filter:
        return self._joined("or", self._both, AnyOf)

    def _both(self) -> Filter:
        return self._joined("and", self._one, AllOf)

    def _joined(self, word: str, read: Callable[[], Filter], kind: type[AnyOf | AllOf]) -> Filter:
        parts = [read()]
        while self._takes(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else kind(tuple(parts))

    def _one(self) -> Filter:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"more than {_DEEPEST} levels of parentheses and 'not'")
        part = self._negated_or_grouped()
        self._depth -= 1
        return part

    def _negated_or_grouped(self) -> Filter:
        if self._takes("not"):
            return Not(self._one())
        if not self._takes("("):
            return self._comparison()
        part = self._either()
        if not self._takes(")"):
            raise self._error("a closing parenthesis is missing")
        return part

    def _comparison(self) -> Comparison:
        token = self._peek()
        if token is None or token.kind not in ("word", "quoted") or token.text.lower() in _WORDS:
            raise self._error("a comparison is missing, as in model=cnn*")
        self._at = token.end
        field = token.text[1:-1] if token.kind == "quoted" else token.text
        if not field:
            raise self._error("the name of a field is empty")
        sign = self._peek()
        if sign is None or sign.kind != "operator":
            raise self._error(f"after '{field}' one of {' '.join(_OPERATORS)} is missing")
        self._at = sign.end
        return Comparison(field, "=" if sign.text == "==" else sign.text, self._value(field, sign.text))

    def _value(self, field: str, sign: str) -> str:
        token = self._peek()
        if token is not None and token.kind == "quoted":
            self._at = token.end
            value = token.text[1:-1]
        else:
            bare = _BARE_VALUE.match(self._text, self._at)
            if bare is None or bare["word"].lower() in _WORDS:
                raise self._error(f"after '{field}{sign}' a value is missing")
            self._at = bare.end()
            value = bare["word"]
        if sign in _ORDERS and as_number(value) is None:
            raise self._error(f"'{field}{sign}' needs a number, got '{value}'")
        return value

    def _takes(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind == "quoted" or token.text.lower() != word:
            return False
        self._at = token.end
        return True

    def _peek(self) -> _Token | None:
        """The next token, or None at the end."""
        if not self._text[self._at :].strip():
            return None
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._error("a quote that is not closed, or a lone '!'")
        kind = match.lastgroup or ""
        return _Token(kind, match[kind], match.end())

    def _error(self, what: str) -> UserError:
        rest = self._text[self._at :].strip()
        where = f"at '{rest[:20]}{'…' if len(rest) > 20 else ''}'" if rest else "at its end"
        return UserError(f"Filter '{self._text}', {where}: {what}.")


def as_number(value: Value) -> float | None:
    """The number that a value is or spells, or None."""
    if not isinstance(value, str):
        return value
    try:
        # Python's own reading would take 1_000 and digits of other scripts, too.
        return float(value) if value.isascii() and "_" not in value else None
    except ValueError:
        return None
