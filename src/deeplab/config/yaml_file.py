"""Read a YAML file of a user: the one reader of configurations, experiments and studies.

Nothing is built of a text before its size, nesting, tags and aliases are known, and nothing in it is guessed at.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deeplab.config.yaml_scalars import DisputedError, read_plain
from deeplab.errors import UserError

MOST_BYTES = 128 << 10
MOST_VALUES = 10_000
DEEPEST = 30
# A run's own config.yaml was written by deeplab, of values that may have come from several files.
MOST_STORED_BYTES = 1 << 20

Place = tuple[str | int, ...]

# libyaml where PyYAML has it: twenty times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INVISIBLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Document:
    """A file that was read."""

    path: Path
    text: str  # all of it, without a byte order mark
    values: dict[str, Any]  # what it says; a mapping
    lines: Mapping[Place, int]  # where each value stands, counted from 1, by its place in the file
    written: Mapping[Place, str]  # the words without quotes, as they are written

    def where(self, place: Place) -> str:
        """A place for a message, as in `conf/model/mine.yaml, line 3`; that of what it is in where it is not there."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}, line {self.lines.get(place, 1)}"


def dotted(place: Place) -> str:
    """A place as a user writes it, as in `layers[0].units`.

    Examples:
        >>> dotted(("model", "layers", 0, "units"))
        'model.layers[0].units'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def read_text(path: Path) -> str:
    """The text of a file that is small enough to be one that a user wrote.

    Raises:
        OSError: it cannot be opened.
        UserError: it is too large, no UTF-8, or holds characters that cannot be seen.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UserError(f"{path}: is larger than {MOST_BYTES >> 10} KiB, the most that is read of a YAML file.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{path}: is written in UTF-16; save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")  # the mark that some editors put in front of UTF-8 says nothing
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: is no UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8."
        ) from None
    invisible = _INVISIBLE.search(text)
    if invisible:
        line = text.count("\n", 0, invisible.start()) + 1
        raise UserError(f"{path}, line {line}: holds the invisible character U+{ord(invisible[0]):04X}; delete it.")
    return text


def read_yaml(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        OSError: it cannot be opened.
        UserError: it is no plain YAML, is too large, or can be read in two ways; with file, line and key.
    """
    text = read_text(path)
    builder = _Builder(str(path))
    try:
        values = builder.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise UserError(_no_yaml(str(path), error)) from error
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise UserError(f"{path}: holds no mapping; a configuration is made of lines like key: value.")
    return Document(path, text, values, builder.lines, builder.written)


def read_stored(content: bytes, name: str) -> dict[str, Any]:
    """Read the `config.yaml` of a run, as PyYAML wrote it, or refuse what is no such file any more."""
    if len(content) > MOST_STORED_BYTES:
        raise UserError(f"{name} is larger than {MOST_STORED_BYTES >> 10} KiB, the most that is read.")
    guard = _Guard(name)
    try:
        text = content.decode("utf-8")
        for event in yaml.parse(text, Loader=_LOADER):
            guard.check(event)
        values = yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(_no_yaml(name, error)) from error
    if not isinstance(values, dict):
        raise UserError(f"{name} holds no mapping.")
    return values


def _no_yaml(name: str, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"{name}{f', line {mark.line + 1}' if mark else ''}: is no valid YAML ({problem})."


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


@dataclass
class _Guard:
    """Refuses what would take more to build than there is to read."""

    name: str
    depth: int = 0
    count: int = 0

    def check(self, event: yaml.Event) -> None:
        where = f"{self.name}, line {_line(event)}"
        if getattr(event, "anchor", None) is not None:
            raise UserError(f"{where}: YAML anchors and aliases are refused; write the value out or use ${{key}}.")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise UserError(f"{where}: the tag '{tag}' is refused, only plain values are allowed.")
        if isinstance(event, yaml.CollectionEndEvent):
            self.depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            self.count += 1
            self.depth += isinstance(event, yaml.CollectionStartEvent)
        if self.depth > DEEPEST:
            raise UserError(f"{where}: is nested more than {DEEPEST} deep.")
        if self.count > 2 * MOST_VALUES:  # keys among them
            raise UserError(f"{where}: holds more than {MOST_VALUES:,} values.")


@dataclass
class _Builder:
    """Makes plain values of events, which it checks one after the other."""

    name: str
    lines: dict[Place, int] = field(default_factory=dict)
    written: dict[Place, str] = field(default_factory=dict)

    def document(self, events: Iterable[yaml.Event]) -> Any:
        """What a file of one document says; nothing of an empty one."""
        checked = self._checked(events)
        value = None
        for event in checked:
            if isinstance(event, yaml.NodeEvent):
                value = self._value(event, checked, ())
        return value

    def _checked(self, events: Iterable[yaml.Event]) -> Iterator[yaml.Event]:
        guard, documents = _Guard(self.name), 0
        for event in events:
            guard.check(event)
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise UserError(
                    f"{self.name}, line {_line(event)}: a second document begins with ---; one file holds one."
                )
            yield event

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], place: Place) -> Any:
        self.lines.setdefault(place, _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._value(item, events, (*place, len(items))))
            return items
        values: dict[str, Any] = {}
        while not isinstance(key := next(events), yaml.MappingEndEvent):
            name = self._key(key, place, values)
            values[name] = self._value(next(events), events, (*place, name))
        return values

    def _key(self, event: yaml.Event, place: Place, values: Mapping[str, Any]) -> str:
        line = _line(event)
        where = f"{self.name}, line {line}"
        if not isinstance(event, yaml.ScalarEvent):
            raise UserError(f"{where}: a key is a word, no list and no mapping.")
        if not event.style and event.value == "<<":
            raise UserError(f"{where}: the key '<<' is refused; write the keys out.")
        key = self._scalar(event, (*place, event.value), is_key=True)
        if not isinstance(key, str):
            raise UserError(f"{where}: the key {event.value or 'null'} is no text; put it in quotes.")
        inside = (*place, key)
        if key in values:
            raise UserError(f"{where}: the key '{dotted(inside)}' stands twice, first in line {self.lines[inside]}.")
        self.lines[inside] = line
        return key

    def _scalar(self, event: yaml.ScalarEvent, place: Place, is_key: bool = False) -> Any:
        if event.style:
            return str(event.value)
        try:
            value = read_plain(event.value)
        except DisputedError as error:
            raise UserError(f"{self.name}, line {_line(event)}: {dotted(place)}: {error}.") from error
        if not is_key:
            self.written[place] = event.value
        return value


def copied(value: Any) -> Any:
    """A copy of plain values in which nothing stands twice, as it would in one by `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every key and every text in plain values, each with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*place, key), str(key)
            yield from texts(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*place, index))
    elif isinstance(value, str):
        yield place, value
