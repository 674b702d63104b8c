"""What differs between two composed configurations, and the configurations between them."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from deeplab.config.identity import identity, settle_randomness
from deeplab.errors import UserError

Values = dict[str, Any]  # a composed configuration as plain values
Layers = list[Any]

# What a score is of: two that differ here are scored on other rows.
SCORED_ON = ("dataset", "validation", "noise")
# No difference: every way is trained with common seeds, as fast as it can be, and measured in the same way.
_LEFT_ASIDE = (*SCORED_ON, "seed", "code", "model", "name", "notes", "tags", "tracking")
_LEFT_ASIDE_IN_TRAINING = (
    *("metrics", "score_training_rows", "device", "threads", "engine", "randomness", "deterministic"),
    *("checkpoint_every", "checkpoint_seconds"),
)
_OF_NETWORK = ("task", "name", "blocks", "layers")
_FACTOR = "${l2}"  # in a layer, in the place of the factor that the configuration has for all of them
_MOST_LETTERS = 48


@dataclass(frozen=True)
class Difference:
    """One thing in which two configurations differ."""

    key: str  # as in `optimizer.learning_rate`; of layers the number of the first one, as in `layer_3`
    before: str  # what the first configuration has there, in words
    after: str  # what the second has


@dataclass(frozen=True)
class _Change:
    path: tuple[str, ...]
    before: Any
    after: Any


class Ways:
    """Everything between two configurations."""

    def __init__(self, first: Values, second: Values) -> None:
        """Find what differs.

        Args:
            first: a composed configuration.
            second: another.

        Raises:
            UserError: their scores cannot be compared, or nothing differs.
        """
        _check_comparable(first, second)
        randomness = {values["training"]["randomness"] for values in (first, second)}
        self._randomness = "splitmix" if "splitmix" in randomness else "keras"
        self._first, other = _with_marked_factor(first), _with_marked_factor(second)
        self._changes = list(_changes(self._first, other))
        if self._first["model"].get("blocks") != other["model"].get("blocks"):  # layers mean other things then
            self._changes.append(_Change(("model",), self._first["model"], other["model"]))
            self._segments = []
        else:
            self._segments = list(_segments(self._first["model"]["layers"], other["model"]["layers"]))
        self.differences = (*map(_of_key, self._changes), *_of_layers(self._segments))
        if not self.differences:
            raise UserError("A and B are the same configuration: there is nothing to explain.")

    def values(self, made: Collection[int]) -> Values:
        """Give the first configuration with some of the differences made, by their numbers from 0."""
        values = deepcopy(self._first)
        for number, change in enumerate(self._changes):
            if number in made:
                _set(values, change.path, change.after)
        if self._segments:
            number, layers = len(self._changes), []
            for before, after in self._segments:
                layers += after if before != after and number in made else before
                number += before != after
            values["model"] = {key: values["model"][key] for key in _OF_NETWORK if key in values["model"]}
            values["model"]["layers"] = layers
        values["model"] = _restored(values["model"], values["l2"])
        values["training"]["randomness"] = self._randomness
        return settle_randomness(values)


def _check_comparable(first: Values, second: Values) -> None:
    for group in SCORED_ON:
        if identity(first).get(group) != identity(second).get(group):
            change = next(_within((group,), identity(first).get(group), identity(second).get(group)))
            found = _of_key(change)
            raise UserError(
                f"A and B are scored on other rows, {found.key} is {found.before} in A and {found.after} in B: "
                "their scores cannot be compared."
            )
    one, two = (values["model"]["task"] for values in (first, second))
    if one != two:
        raise UserError(f"A is a network for {one}, B one for {two}: their scores cannot be compared.")


def _changes(first: Values, second: Values) -> Iterator[_Change]:
    for key in dict.fromkeys((*first, *second)):
        if key not in _LEFT_ASIDE and first.get(key) != second.get(key):
            for change in _within((key,), first.get(key), second.get(key)):
                if change.path[0] != "training" or change.path[1] not in _LEFT_ASIDE_IN_TRAINING:
                    yield change


def _within(path: tuple[str, ...], before: Any, after: Any) -> Iterator[_Change]:
    """The keys of a group that differ; the whole group where it is of another kind."""
    both = isinstance(before, Mapping) and isinstance(after, Mapping)
    if not both or before.get("kind") != after.get("kind"):
        yield _Change(path, before, after)
        return
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            yield from _within((*path, key), before.get(key), after.get(key))


def _set(values: Values, path: Sequence[str], value: Any) -> None:
    *above, last = path
    for key in above:
        values = values[key]
    values[last] = deepcopy(value)


def _segments(first: Layers, second: Layers) -> Iterator[tuple[Layers, Layers]]:
    """Layers that stand beside each other, equal ones in one piece; those that only one network has beside none."""
    texts = [[json.dumps(layer, sort_keys=True) for layer in layers] for layers in (first, second)]
    matcher = SequenceMatcher(None, texts[0], texts[1], autojunk=False)
    for _, begin, end, other_begin, other_end in matcher.get_opcodes():
        before, after = first[begin:end], second[other_begin:other_end]
        if len(before) == len(after) and before != after:
            yield from (([one], [two]) for one, two in zip(before, after, strict=True))
        else:
            yield before, after


def _of_layers(segments: Sequence[tuple[Layers, Layers]]) -> Iterator[Difference]:
    place = 0
    keys: set[str] = set()
    for before, after in segments:
        if before != after:
            key = f"layer_{place}"
            while key in keys:  # what is put before a layer that is another
                key += "_"
            keys.add(key)
            yield Difference(key, *(" + ".join(map(_layer, each)) or "none" for each in (before, after)))
        place += len(before)


def _of_key(change: _Change) -> Difference:
    return Difference(".".join(change.path), _word(change.before), _word(change.after))


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return _short(str(value.get("kind") or value.get("name") or json.dumps(value)))
    return _short(value if isinstance(value, str) else json.dumps(value))


def _layer(layer: Any) -> str:
    if not isinstance(layer, Mapping) or "type" not in layer:
        return _word(layer)
    settings = ", ".join(f"{key} {_word(value)}" for key, value in layer.items() if key not in ("type", "l2"))
    return _short(f"{layer['type']} {settings}".strip())


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"


def _with_marked_factor(values: Values) -> Values:
    """A configuration in whose layers the factor of all layers is a word, so that it is one difference."""
    return {**values, "model": _replaced(values["model"], values["l2"], _FACTOR)}


def _restored(model: Any, factor: Any) -> Any:
    return _replaced(model, _FACTOR, factor)


def _replaced(item: Any, old: Any, new: Any) -> Any:
    if isinstance(item, list):
        return [_replaced(each, old, new) for each in item]
    if not isinstance(item, Mapping):
        return deepcopy(item)
    return {key: new if key == "l2" and value == old else _replaced(value, old, new) for key, value in item.items()}
