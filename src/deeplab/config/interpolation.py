"""Fill in `${key}`: OmegaConf's grammar, nothing but keys of the configuration, and never more than fits a page.

OmegaConf's own resolution is not used. It knows resolvers, which read the environment, and evaluates a key as often as
it is named: forty keys that name the one before them twice would take it years.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from deeplab.config.hydra_adapter import HydraError, interpolate, odd_interpolation, split_key
from deeplab.config.yaml_file import DEEPEST, MOST_VALUES, Place, copied, dotted
from deeplab.errors import UserError

LONGEST = 1_000  # characters of a text with ${ in it
MOST_INTERPOLATED = 50_000  # characters of all different texts with ${ in them; the grammar reads 70,000 a second
MOST_CHARACTERS = 200_000  # of a configuration, its keys filled in


def check_text(text: str, where: str) -> None:
    """Refuse a text with anything interpolated but plain keys: a resolver, even one whose name is interpolated."""
    if "${" not in text:
        return
    if len(text) > LONGEST:
        raise UserError(f"{where}: a text with ${{...}} in it may have {LONGEST:,} characters, this has {len(text):,}.")
    try:
        odd = odd_interpolation(text)
    except HydraError:
        odd = text[text.index("${") :]
    if odd is not None:
        raise UserError(
            f"{where}: '{odd[:40]}' names a resolver, which is refused; "
            "only other keys can be interpolated, as in ${l2}."
        )


def check_texts(texts: Iterable[tuple[str, str]], seen: set[str] | None = None) -> None:
    """Check many texts.

    Args:
        texts: where each is, and the text.
        seen: texts that were checked before and count, too; takes these in.

    Raises:
        UserError: of the first that is refused, or they are too many to be read.
    """
    seen = set() if seen is None else seen
    for where, text in texts:
        if "${" in text and text not in seen:
            seen.add(text)
            if sum(map(len, seen)) > MOST_INTERPOLATED:
                raise UserError(f"{where}: texts with ${{...}} come to over {MOST_INTERPOLATED:,} characters.")
            check_text(text, where)


def resolve(raw: dict[str, Any]) -> dict[str, Any]:
    """Fill in the keys that values name.

    Args:
        raw: a configuration of plain values, past `check_texts`.

    Returns:
        The same without interpolations; no part of it is shared with another or with `raw`.

    Raises:
        UserError: a key does not exist, has no value yet (`???`) or leads back to itself, or the whole would be more
            than MOST_VALUES values, MOST_CHARACTERS characters or twice DEEPEST levels.

    Examples:
        >>> resolve({"l2": 0.001, "model": {"layers": [{"type": "Dense", "l2": "${l2}"}]}})
        {'l2': 0.001, 'model': {'layers': [{'type': 'Dense', 'l2': 0.001}]}}
    """
    resolved = _Resolver(raw).at(())
    assert isinstance(resolved, dict)
    return resolved


class _Resolver:
    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self._done: dict[Place, Any] = {}
        self._active: set[Place] = set()
        self._values = self._characters = 0
        self._spend(raw, ())

    def at(self, place: Place) -> Any:
        """The value at a place, filled in; found out once."""
        if place in self._done:
            return self._done[place]
        if place in self._active:
            raise UserError(f"{dotted(place)}: its ${{...}} lead back to itself.")
        if len(self._active) > 2 * DEEPEST:
            raise UserError(f"{dotted(place)}: more than {2 * DEEPEST} keys lead to one another through ${{...}}.")
        self._active.add(place)
        value: Any = self._raw
        for part in place:
            value = value[part]
        filled = self._filled(value, place)
        self._active.remove(place)
        self._done[place] = filled
        return filled

    def _filled(self, value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return {key: self.at((*place, key)) for key in value}
        if isinstance(value, list):
            return [self.at((*place, index)) for index in range(len(value))]
        if value == "???":
            raise UserError(f"{dotted(place)} must be given: {dotted(place)}=...")
        if not isinstance(value, str) or "${" not in value:
            return value
        try:
            interpolated = interpolate(value, partial(self._named, place))
        except HydraError as error:
            raise UserError(f"{dotted(place)}: {error}") from error
        self._spend(interpolated, place)
        return copied(interpolated)

    def _named(self, place: Place, key: str, _: object) -> Any:
        """The value of a key as it is named at a place: from the top, or from there where dots are in front."""
        dots = len(key) - len(key.lstrip("."))
        if dots > len(place):
            raise UserError(f"{dotted(place)}: ${{{key}}} has more dots than there are levels.")
        here: Place = place[: len(place) - dots] if dots else ()
        value: Any = self._raw
        for part in here:
            value = value[part]
        filled = False
        for part in split_key(key[dots:]):
            if isinstance(value, str) and "${" in value and not filled:
                value, filled = self.at(here), True
            step: str | int | None = None
            if isinstance(value, dict) and part in value:
                step = part
            elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                step = int(part)
            if step is None:
                raise UserError(f"{dotted(place)}: Interpolation key '{key}' not found.")
            value, here = value[step], (*here, step)
        return value if filled else self.at(here)

    def _spend(self, value: Any, place: Place) -> None:
        """Count what was filled in; what is named often is counted often."""
        left = [(value, len(place))]
        while left:
            item, depth = left.pop()
            self._values += 1
            self._characters += len(item) if isinstance(item, str) else 0
            if self._values > MOST_VALUES or self._characters > MOST_CHARACTERS or depth > 2 * DEEPEST:
                raise UserError(
                    f"{dotted(place) or 'The configuration'}: a configuration may have {MOST_VALUES:,} values, "
                    f"{MOST_CHARACTERS:,} characters and {2 * DEEPEST} levels, its ${{...}} filled in."
                )
            children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            left += [(child, depth + 1) for child in children]
