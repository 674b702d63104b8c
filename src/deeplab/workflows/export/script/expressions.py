"""Calls of Python as text, as a person would lay them out."""

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 100
INDENT = 4


class Raw(str):
    """Code that stands for itself."""


@dataclass(frozen=True)
class Call:
    """A call."""

    name: str  # of what is called, as in `layers.Dense`
    given: tuple[Any, ...] = ()  # values in order: calls, lists, numbers, texts or `Raw` code
    named: Mapping[str, Any] | None = None  # values by name


def code(value: Any, indent: int = 0, before: int = 0) -> str:
    """Write a value: in one line where it fits, else an argument a line.

    Args:
        value: a call, a list, a plain value or `Raw` code.
        indent: of the line that it stands in.
        before: letters in front of it in its line, those of the indent among them.

    Examples:
        >>> print(code(Call("layers.Dense", (10,), {"activation": "relu"})))
        layers.Dense(10, activation="relu")
    """
    line = _one_line(value)
    if before + len(line) <= WIDTH or not isinstance(value, Call | list) or not line.endswith((")", "]")):
        return line
    inner = " " * (indent + INDENT)
    if isinstance(value, list):
        items, head, foot = [("", item) for item in value], "[", "]"
    else:
        items = [("", item) for item in value.given] + [(f"{key}=", item) for key, item in (value.named or {}).items()]
        head, foot = f"{value.name}(", ")"
    if isinstance(value, Call) and len(items) == 1 and isinstance(items[0][1], list):
        return head + code(items[0][1], indent, before + len(head)) + foot  # [...] hugs the brackets
    lines = [
        f"{inner}{key}{code(item, indent + INDENT, indent + INDENT + len(key) + 1)},"  # the comma counts
        for key, item in items
    ]
    return "\n".join([head, *lines, " " * indent + foot])


def assignment(name: str, value: Any) -> str:
    """Write `name = value`."""
    return f"{name} = {code(value, 0, len(name) + 3)}"


def _one_line(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Call):
        named = [f"{key}={_one_line(item)}" for key, item in (value.named or {}).items()]
        return f"{value.name}({', '.join([*map(_one_line, value.given), *named])})"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_one_line, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_one_line, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def reciprocal(number: float) -> Raw | float:
    """Write a number as `1 / 255` where it is that of a whole number.

    Examples:
        >>> reciprocal(1 / 255), reciprocal(0.3)
        ('1 / 255', 0.3)
    """
    whole = round(1 / number) if 1e-9 < number < 1 else 0
    return Raw(f"1 / {whole}") if whole and 1 / whole == number else number


def call_of(thing: Any, module: str, values: Mapping[str, Any] | None = None) -> Call:
    """Write the call that makes an object of Keras' again; what has its default is left out.

    Args:
        thing: a layer, an initialiser, a regulariser or a schedule.
        module: that its class is found in, as in `layers`.
        values: of its arguments where they are not those of its `get_config`.
    """
    values = thing.get_config() if values is None else values
    given, named = [], {}
    for key, parameter in inspect.signature(type(thing)).parameters.items():
        if key not in values:
            continue
        value = tuple(values[key]) if key == "target_shape" else _plain(values[key])
        if parameter.default is inspect.Parameter.empty:
            given.append(value)
        elif not _is_default(value, parameter.default):
            named[key] = value
    return Call(f"{module}.{type(thing).__name__}", tuple(given), named)


def _plain(value: Any) -> Any:
    """Make a pair of one number twice that number, and lists of a configuration tuples, as people write both."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = tuple(map(_plain, value))
        return items[0] if len(items) == 2 and items[0] == items[1] and isinstance(items[0], int) else items
    return value


def _is_default(value: Any, default: Any) -> bool:
    return bool(value == _plain(default)) or (value == "linear" and default is None)
