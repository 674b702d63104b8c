"""Refuse whatever would let a configuration run code, read the environment or reach into Hydra itself."""

import re
from itertools import accumulate
from typing import Any

from deeplab.config.interpolation import check_texts
from deeplab.config.yaml_file import DEEPEST, Document, Place, dotted, texts
from deeplab.errors import UserError

HYDRA_OVERRIDE = re.compile(r"^[+~]*hydra([./:=@]|$)")
_KEYWORDS = re.compile(r"^((optional|override) )*[/ ]*")  # before the name in a defaults list
CODE_KEYS = ("_target_", "_partial_", "_args_", "_recursive_", "_convert_")
LONGEST_OVERRIDE = 5_000  # Hydra's grammar reads 3,500 characters a second
MOST_DEFAULTS = 100


def check_override(text: str) -> None:
    """Refuse an override that touches Hydra, names code, or is longer or nested more deeply than is read."""
    if HYDRA_OVERRIDE.match(text):
        raise UserError(f"Override '{text}': Hydra's own settings cannot be changed here, only deeplab's.")
    if len(text) > LONGEST_OVERRIDE:
        raise UserError(f"Override '{text[:40]}...' has {len(text):,} characters; {LONGEST_OVERRIDE:,} are allowed.")
    if _depth(text) > 2 * DEEPEST:
        raise UserError(f"Override '{text[:40]}...' is nested too deeply.")
    for key in CODE_KEYS:
        if key in text:
            raise UserError(f"Override '{text}': '{key}' is refused, a configuration cannot name code to run.")


def check_document(document: Document, interpolated: set[str]) -> None:
    """Refuse what a configuration file may not say.

    Args:
        interpolated: texts with `${...}` of the files before it, bounded together; takes those of this one in.

    Raises:
        UserError: it names code or Hydra's own settings, or interpolates anything but plain keys.
    """
    written = list(texts(document.values))
    for place, text in written:
        where = document.where(place)
        name = _KEYWORDS.sub("", text)
        is_default = place[0] == "defaults"
        if is_default and "${" in text:
            check_texts([(where, text)])
            raise UserError(f"{where}: '{text[:40]}': a defaults list names files, nothing is interpolated in it.")
        if (is_default or _is_key(place, text)) and re.match(r"hydra([./@]|$)", name):
            raise UserError(f"{where}: '{text}' is refused, Hydra's own settings stay as they are.")
        if _is_key(place, text) and name in CODE_KEYS:
            raise UserError(f"{where}: '{name}' is refused, a configuration cannot name code to run.")
    check_texts(((document.where(place), text) for place, text in written), interpolated)
    defaults = document.values.get("defaults")
    if isinstance(defaults, list) and len(defaults) > MOST_DEFAULTS:
        raise UserError(f"{document.where(('defaults',))}: a defaults list has at most {MOST_DEFAULTS} entries.")


def check_values(value: Any, where: Place = ()) -> None:
    """Refuse code and resolvers anywhere in composed values that are not yet interpolated, and odd kinds of values."""
    _check_kinds(value, where)
    check_texts((_named(place), text) for place, text in texts(value, where))


def _check_kinds(value: Any, place: Place) -> None:
    if len(place) > 2 * DEEPEST:
        raise UserError(f"{_named(place)[:80]}: is nested more than {2 * DEEPEST} deep.")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise UserError(f"{_named(place)}: the key {key!r} is no text; put it in quotes.")
            if key in CODE_KEYS:
                raise UserError(f"{_named(place)}: '{key}' is refused, a configuration cannot name code to run.")
            _check_kinds(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_kinds(item, (*place, index))
    elif isinstance(value, str):
        if any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
            raise UserError(f"{_named(place)}: the text holds half a character (a lone surrogate).")
    elif value is not None and not isinstance(value, bool | int | float):
        raise UserError(f"{_named(place)}: a {type(value).__name__} is no value; put it in quotes to make it text.")


def _depth(text: str) -> int:
    """How deeply brackets are nested, those in quotes among them."""
    steps = accumulate((letter in "[{(") - (letter in ")}]") for letter in text)
    return max(steps, default=0)


def _named(place: Place) -> str:
    return dotted(place) or "configuration"


def _is_key(place: Place, text: str) -> bool:
    return place[-1] == text
