"""Choose files as Hydra does, from the root configuration on, and merge them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deeplab.code.file import hint
from deeplab.config.folders import GROUPS, own_folder
from deeplab.config.hydra_adapter import ConfigFile, HydraError, Override, follow_defaults
from deeplab.config.library import Library
from deeplab.config.overrides import parse_override
from deeplab.config.validate import SchemaError
from deeplab.config.yaml_file import Document, Place, copied
from deeplab.errors import UserError, unknown_name

DEEPEST_PACKAGE = 10


@dataclass(frozen=True)
class Chosen:
    """What a choice of files comes to."""

    values: dict[str, Any]  # merged, not interpolated
    parts: tuple[tuple[Document, Place], ...]  # files in the order of merging, each with where it went

    def source(self, place: Place) -> tuple[Document, Place] | None:
        """The user's file that a value was taken from, and its place there; None where it is from none."""
        for document, package in reversed(self.parts):
            inside = place[len(package) :]
            if place[: len(package)] == package and inside in document.lines:
                return None if document.path.is_relative_to(own_folder()) else (document, inside)
        return None

    def line(self, place: Place) -> str | None:
        """The file and line of a user's own that a value, or what it is in, stands in; None where none has it."""
        sources = (self.source(place[:end]) for end in range(len(place), 0, -1))
        return next((document.where(inside) for document, inside in filter(None, sources)), None)

    def located(self, error: SchemaError) -> UserError:
        """The error with the file and line of a user's own that the value at fault stands in, if it does."""
        source = self.source(error.place)
        if source is None:
            return error
        document, inside = source
        written = document.written.get(inside)
        cure = f" Text is written in quotes: '{written}'." if error.wants_text and written else ""
        return UserError(f"{document.where(inside)}: {error}{cure}")


def choose(groups: Sequence[Override], library: Library) -> Chosen:
    """Merge the root configuration, and the files that its defaults list and the overrides choose.

    Args:
        groups: overrides that choose a file, past `check_choice`.

    Raises:
        UserError: a file is refused or there is none, or a defaults list cannot be followed.
    """

    def read(name: str) -> ConfigFile | None:
        document = library.document(name)
        return None if document is None else ConfigFile(document.values.get("defaults", []), library.package(name))

    try:
        files = follow_defaults(groups, read, GROUPS, library.options)
    except HydraError as error:
        raise UserError(f"The configuration cannot be composed: {error}") from error
    values: dict[str, Any] = {}
    parts: list[tuple[Document, Place]] = []
    for name, package in files:
        document = library.document(name)
        assert document is not None
        place = tuple(package.split(".")) if package else ()
        if len(place) > DEEPEST_PACKAGE:
            raise UserError(f"{document.path}: its package is more than {DEEPEST_PACKAGE} levels deep.")
        inside = {key: value for key, value in document.values.items() if key != "defaults"}
        for part in reversed(place):
            inside = {part: inside}
        merge(values, inside)
        parts.append((document, place))
    return Chosen(values, tuple(parts))


def check_choice(override: Override, library: Library) -> Override:
    """Refuse an override that chooses a file which is not there.

    Returns:
        The same, in quotes where the name looks like another value, as in `model=123`: Hydra takes no number for one.

    Raises:
        UserError: there is no such file; `experiment=null` chooses none.
    """
    if override.value is None and override.key == "experiment":
        return override
    is_text = isinstance(override.value, str)
    name = override.value if is_text else override.text.partition("=")[2].strip()
    names = library.options(override.key)
    if name not in names:
        own = {"dataset": hint("dataset"), "schedule": hint("schedule")}.get(override.key, "")
        raise UserError(f"{unknown_name(override.key, name, names)} {own}")
    return override if is_text or override.value is None else parse_override(f"{override.key}='{name}'")


def merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    """Merge as OmegaConf does: mappings key by key, anything else takes the place of what was there, but `???`.

    Examples:
        >>> values = {"training": {"epochs": 6, "batch_size": 32}, "tags": ["a"]}
        >>> merge(values, {"training": {"epochs": 3}, "tags": []})
        >>> values
        {'training': {'epochs': 3, 'batch_size': 32}, 'tags': []}
    """
    for key, value in values.items():
        there = into.get(key)
        if isinstance(value, dict):
            inside: dict[str, Any] = there if isinstance(there, dict) else {}
            into[key] = inside
            merge(inside, value)
        elif value != "???" or key not in into:
            into[key] = copied(value)
