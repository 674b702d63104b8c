"""Follow the defaults lists as Hydra does, and merge the files that they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra import version
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from deeplab.config.folders import GROUPS, options
from deeplab.config.library import Library
from deeplab.config.yaml_file import Document, Place, copied
from deeplab.errors import UserError

MOST_LOADS = 500  # of files by one configuration, each of a dozen looked for three times
DEEPEST_PACKAGE = 10
# What Hydra and OmegaConf raise on defaults lists that are odd enough; each was met by fuzzing.
HYDRA_ERRORS = (HydraException, OmegaConfBaseException, ValueError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Chosen:
    """What a choice of files comes to.

    Attributes:
        values: merged, not interpolated.
        parts: the files in the order in which they were merged, each with the place that it went to.
    """

    values: dict[str, Any]
    parts: tuple[tuple[Document, Place], ...]

    def source(self, place: Place) -> tuple[Document, Place] | None:
        """The file that a value was taken from, and its place in it; None where no file has it."""
        for document, package in reversed(self.parts):
            inside = place[len(package) :]
            if place[: len(package)] == package and inside in document.lines:
                return document, inside
        return None


def choose(groups: Sequence[Override], library: Library) -> Chosen:
    """Merge the root configuration, and the files that its defaults list and the overrides choose.

    Args:
        groups: overrides that choose a file, as in `model=cnn`.
        library: to read from.

    Raises:
        UserError: a file is refused or there is none, or a defaults list cannot be followed.
    """
    version.setbase("1.3")
    try:
        found = create_defaults_list(
            repo=_Repository(library),
            config_name="config",
            overrides_list=list(groups),
            prepend_hydra=False,  # Hydra's own settings take no part
            skip_missing=False,
        )
    except HYDRA_ERRORS as error:
        raise UserError(f"The configuration cannot be composed: {first_line(error)}") from error
    values: dict[str, Any] = {}
    parts: list[tuple[Document, Place]] = []
    for default in found.defaults:
        document = library.document(str(default.config_path))
        assert document is not None
        place = tuple(default.package.split(".")) if default.package else ()
        if len(place) > DEEPEST_PACKAGE:
            raise UserError(f"{document.path}: its package is more than {DEEPEST_PACKAGE} levels deep.")
        inside = {key: value for key, value in document.values.items() if key != "defaults"}
        for part in reversed(place):
            inside = {part: inside}
        merge(values, inside)
        parts.append((document, place))
    return Chosen(values, tuple(parts))


def merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    """Merge as OmegaConf does: mappings key by key, anything else takes the place of what was there, but `???`."""
    for key, value in values.items():
        there = into.get(key)
        if isinstance(value, dict):
            inside: dict[str, Any] = there if isinstance(there, dict) else {}
            into[key] = inside
            merge(inside, value)
        elif value != "???" or key not in into:
            into[key] = copied(value)


def first_line(error: BaseException) -> str:
    """The first line of what a library says, or of what caused it where it says nothing."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if line or error.__cause__ is None:
        return line or type(error).__name__
    return first_line(error.__cause__)


class _Repository(ConfigRepository):
    """Where Hydra looks for files: a library, and nowhere else."""

    def __init__(self, library: Library) -> None:
        self.sources = []
        self._library = library
        self._loaded: dict[str, ConfigResult | None] = {}
        self._loads = 0

    def load_config(self, config_path: str) -> ConfigResult | None:
        self._loads += 1
        if self._loads > MOST_LOADS:
            raise UserError(f"The defaults lists load more than {MOST_LOADS} files, {config_path} the last of them.")
        if config_path not in self._loaded:
            self._loaded[config_path] = self._load(config_path)
        return self._loaded[config_path]

    def _load(self, name: str) -> ConfigResult | None:
        document = self._library.document(name)
        if document is None:
            return None
        config = DictConfig({"defaults": document.values.get("defaults", [])})
        result = ConfigResult(
            provider="deeplab", path="", config=config, header={"package": self._library.package(name)}
        )
        result.defaults_list = self._create_defaults_list(name, self._extract_defaults_list(name, config))
        return result

    def group_exists(self, config_path: str) -> bool:
        return config_path in GROUPS

    def config_exists(self, config_path: str) -> bool:
        return self._library.document(config_path) is not None

    def get_group_options(self, group_name: str, results_filter: ObjectType | None = ObjectType.CONFIG) -> list[str]:
        return list(options(group_name, self._library.folders))
