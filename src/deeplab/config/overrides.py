"""Read what a user writes after a command: key=value, and key=several,values for a sweep."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from math import isfinite, isnan
from typing import Any

from deeplab.config.hydra_adapter import HydraError, Override, read_override
from deeplab.config.safety import check_override
from deeplab.errors import UserError

MOST_VALUES = 100_000
OF_A_RUN = "training.initial_weights"
_SPACE = re.compile(r"\s*(linspace|logspace)\((?P<inside>.*)\)\s*")
_SIGNIFICANT_DIGITS = 12
_WHOLE_ENDS = re.compile(r"\s*interval\(\s*(start\s*=\s*)?[+-]?\d+\s*,\s*(end\s*=\s*)?[+-]?\d+\s*\)\s*")
_LOG_SPAN = 100.0
_SEARCHED_DIGITS = 6
_LARGEST = 2.0**53
# Several devices of one training, which Hydra would take for several values.
_DEVICES = re.compile(r"(training\.device=)((?:cpu|gpu):-?\d+(?:,-?\d+)+)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Interval:
    """All numbers from one to another, to be searched."""

    low: float
    high: float
    whole: bool  # whether whole numbers alone are meant

    @property
    def log(self) -> bool:
        """Whether it is searched on a logarithmic scale: above zero, and over two decades or more."""
        return self.low > 0 and self.high / self.low >= _LOG_SPAN

    def written(self, value: float) -> str:
        """A number of it as in an override, short enough to be typed; never outside of it."""
        if self.whole:
            return str(int(value))
        return repr(min(max(float(f"{value:.{_SEARCHED_DIGITS}g}"), self.low), self.high))


def parse_override(text: str) -> Override:
    """Read an override that has one value, or say in a UserError why it is none."""
    override = _parse(text)
    if override.sweep is not None:
        raise UserError(f"Override '{text}' has several values; one run takes one. For all of them: deeplab sweep.")
    if override.key == OF_A_RUN and isinstance(override.value, int | float):
        return replace(override, value=text.partition("=")[2].strip())  # the beginning of an id may look like a number
    # `replicates` itself is a number, so what varies between them has its place elsewhere.
    return replace(override, key="sweep.vary") if override.key == "replicates.vary" else override


def expand_override(text: str, group_options: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Make one override of each value: of `l2=1e-6,1e-3` two, of `training.epochs=3` one.

    Args:
        text: an override in Hydra's syntax: `a,b`, `range()`, `choice()`, `glob()`, and deeplab's `linspace(a,b,n)` and
            `logspace(a,b,n)`.
        group_options: the names in each group, which `model=glob(cnn*)` chooses from.

    Examples:
        >>> expand_override("l2=1e-6,1e-3", {})
        ['l2=1e-06', 'l2=0.001']
        >>> expand_override("l2=logspace(1e-6,1e-3,4)", {})
        ['l2=1e-06', 'l2=1e-05', 'l2=0.0001', 'l2=0.001']
        >>> expand_override("model=glob(cnn*)", {"model": {"cnn": ..., "cnn_dropout": ..., "mlp": ...}})
        ['model=cnn', 'model=cnn_dropout']
    """
    key, _, value = text.partition("=")
    space = _SPACE.fullmatch(value)
    if space:
        return [f"{key}={number}" for number in _spaced(text, space[1], space["inside"])]
    override = _parse(text)
    if override.sweep is None:
        return [text]
    if override.has_intervals:
        raise UserError(f"Override '{text}': an interval has no values to list; it stands alone, and is searched.")
    if override.sweep == "range":
        _check_range(text, override.bounds)
    values = list(islice(override.values(list(group_options.get(override.key, ()))), MOST_VALUES + 1))
    if override.sweep == "range":
        values = [_in_decimals(override.bounds, value) for value in values]
    expanded = [f"{override.key}={value}" for value in values]
    if not expanded:
        raise UserError(f"Override '{text}' has no value to sweep over.")
    if len(expanded) > MOST_VALUES:
        raise UserError(_too_many(text))
    return expanded


def _check_range(text: str, bounds: Sequence[float]) -> None:
    """Before it is written out: a shuffled one would first be whole in memory."""
    try:
        start, stop, step = map(float, bounds)
    except OverflowError as error:
        raise UserError(_too_many(text)) from error
    if step == 0 or not isfinite(step) or isnan(start) or isnan(stop):
        raise UserError(f"Override '{text}': write range(START,STOP,STEP) with a STEP other than 0, as range(1,9,2).")
    if not (stop - start) / step <= MOST_VALUES:
        raise UserError(_too_many(text))


def _in_decimals(bounds: Sequence[float], value: str) -> str:
    """A value of a range with as many decimals as were written: Hydra adds binary fractions, 0.3 is not among them."""
    start, _, step = (Decimal(repr(each)) for each in bounds)
    digits = max(-int(each.as_tuple().exponent) for each in (start, step))
    return value if digits <= 0 else repr(round(float(value), digits))


def meaning(value: str, is_name: bool = False) -> Hashable:
    """What two values of an override have in common that mean the same, as `1`, `1.0` and `1e0`, or `a` and `'a'`.

    Args:
        value: as in an override, without its key.
        is_name: whether it names a file, so that a number is a text like any other.

    Examples:
        >>> meaning("1e-3") == meaning("0.001")
        True
        >>> meaning("1", is_name=True) == meaning("1.0", is_name=True)
        False
    """
    if not is_name and _NUMBER.fullmatch(value):
        return Decimal(value)
    return _meaning(_parse(f"x={value}").value) if value[:1] in tuple("'\"[{") else value


def _meaning(value: Any) -> Hashable:
    if isinstance(value, list):
        return tuple(map(_meaning, value))
    if isinstance(value, dict):
        return tuple(sorted((str(key), _meaning(each)) for key, each in value.items()))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(repr(value))
    return str(value)


def _too_many(text: str) -> str:
    return f"Override '{text}' has more than {MOST_VALUES:,} values."


def read_interval(text: str) -> Interval | None:
    """Read `l2=interval(1e-6,1e-2)`; None where an override is something else.

    Whole numbers are meant where both ends are written as such, and by `int(interval(1,9))`.

    Examples:
        >>> read_interval("optimizer.learning_rate=interval(1e-4,1e-1)")
        Interval(low=0.0001, high=0.1, whole=False)
        >>> read_interval("training.epochs=3") is None
        True
    """
    value = text.partition("=")[2]
    if _SPACE.fullmatch(value):
        return None
    override = _parse(text)
    if override.sweep != "interval":
        return None
    low, high = override.bounds
    if not (abs(low) <= _LARGEST and abs(high) <= _LARGEST and low < high):
        raise UserError(f"Override '{text}': write interval(LOW,HIGH) with LOW below HIGH, as in interval(1e-6,1e-2).")
    whole = bool(_WHOLE_ENDS.fullmatch(value)) or (isinstance(low, int) and isinstance(high, int))
    return Interval(float(low), float(high), whole)


def is_tag(override: Override) -> bool:
    """Whether an override sets a free tag, `tags.anything=x`, whose key need not be there before."""
    return override.key.split(".")[0] == "tags"


@lru_cache(maxsize=8192)  # a sweep says the same for thousands of trials; nobody changes what was read
def _parse(text: str) -> Override:
    check_override(text)
    try:
        override = read_override(_DEVICES.sub(r"\1'\2'", text) if _DEVICES.fullmatch(text) else text)
    except HydraError as error:
        raise UserError(
            f"Override '{text}' cannot be read; write key=value, as in training.epochs=3, "
            "and quote a value with special characters twice: \"dataset.path='my file.npz'\"."
        ) from error
    if not override.key:
        raise UserError(f"Override '{text}' has no key; write key=value, as in training.epochs=3.")
    if override.change == "delete" or override.package is not None:
        raise UserError(f"Override '{text}': '~' and '@' are not needed here; write key=value.")
    if override.change == "add" and not is_tag(override):
        raise UserError(f"Override '{text}': nothing can be added to a configuration; write key=value.")
    return override


def _spaced(text: str, kind: str, inside: str) -> list[str]:
    """The numbers of linspace or logspace, both ends included, without the last digits that are rounding alone."""
    parts = [part.strip() for part in inside.split(",")]
    try:
        low, high, count = float(parts[0]), float(parts[1]), int(parts[2])
        if len(parts) != 3 or not 2 <= count <= MOST_VALUES or not abs(low) + abs(high) < float("inf"):
            raise ValueError
    except (ValueError, IndexError) as error:
        raise UserError(
            f"Override '{text}': write {kind}(FIRST,LAST,COUNT) with a count of at least 2, as in {kind}(1e-6,1e-3,4)."
        ) from error
    if kind == "logspace" and not (low > 0 and high > 0):
        raise UserError(
            f"Override '{text}': logspace takes its ends as values above zero, not as exponents: logspace(1e-6,1e-3,4)."
        )
    shares = [index / (count - 1) for index in range(count)]
    if kind == "logspace":
        numbers = [low * (high / low) ** share for share in shares]
    else:
        numbers = [low + (high - low) * share for share in shares]
    if not all(map(isfinite, numbers)):
        raise UserError(f"Override '{text}': the ends are too far apart for numbers of 64 bits.")
    rounded = [float(f"{number:.{_SIGNIFICANT_DIGITS}g}") for number in numbers]
    whole = all(re.fullmatch(r"[+-]?\d+", part) for part in parts[:2]) and all(map(float.is_integer, rounded))
    return [str(int(number)) if whole else repr(number) for number in rounded]
