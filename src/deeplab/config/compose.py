"""Compose overrides and YAML files into one frozen configuration, or say in one line why not."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override

from deeplab.config.defaults import Chosen, choose, merge
from deeplab.config.folders import GROUPS, options
from deeplab.config.identity import settle_randomness, with_added_keys
from deeplab.config.interpolation import check_texts, resolve
from deeplab.config.library import Library
from deeplab.config.overrides import is_tag, parse_override
from deeplab.config.safety import check_values
from deeplab.config.schema import SWEEP_KEYS, ExperimentConfig, SweepConfig
from deeplab.config.suggestions import suggest_file, suggest_leaf
from deeplab.config.trust import check_addresses
from deeplab.config.validate import SchemaError, validate
from deeplab.config.yaml_file import Place, copied, texts
from deeplab.errors import UserError, unknown_name
from deeplab.tasks import fill_task_defaults

_USES_L2 = re.compile(r"\$\{\s*\.*l2\s*\}")


@dataclass(frozen=True)
class ComposedConfig:
    """A configuration in the two forms it is needed in.

    Attributes:
        config: frozen and checked; what the code works with.
        values: the same as plain dicts and lists; what is shown and logged.
        overrides: what the person asked for, word by word.
        sweep: how many runs to make of it; not part of what one run depends on. None where it was read from a run.
    """

    config: ExperimentConfig
    values: dict[str, Any]
    overrides: tuple[str, ...]
    sweep: SweepConfig | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of the composed values."""
        return hashlib.sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> ComposedConfig:
    """Compose one configuration; see `Composer`."""
    return Composer(config_dir).compose(overrides)


class Composer:
    """Composes configurations from the same folders; what a choice of groups comes to is found out once."""

    def __init__(self, config_dir: Path | None = None) -> None:
        """Read the folders.

        Args:
            config_dir: a person's own `conf/` folder, looked into before deeplab's.

        Raises:
            UserError: it cannot be read, or holds what is refused.
        """
        self._library = Library(config_dir)
        self._chosen: dict[tuple[str, ...], Chosen] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that are looked into, the person's own first."""
        return self._library.folders

    def compose(self, overrides: Sequence[str]) -> ComposedConfig:
        """Compose a configuration.

        Args:
            overrides: as on the command line: `model=cnn`, `training.epochs=3`.

        Raises:
            UserError: whatever is wrong with them, on one line.
        """
        parsed = [parse_override(text) for text in overrides]
        groups = [override for override in parsed if override.key_or_group in GROUPS]
        for override in groups:
            _check_group(override, self.folders)
        chosen = self._choose(groups)
        set_here = [override for override in parsed if override not in groups]
        raw = copied(chosen.values)
        for override in set_here:
            _set_value(raw, override, self.folders)
        check_values(raw)
        # Files of before a key was added lack it.
        values = settle_randomness(fill_task_defaults(with_added_keys(resolve(raw))))
        swept = {key: values.pop(key) for key in SWEEP_KEYS if key in values}
        try:
            sweep, config = validate(SweepConfig, swept), validate(ExperimentConfig, values)
        except SchemaError as error:
            raise self._told(error, set_here, chosen) from error.__cause__
        check_addresses(
            {**values, **swept}, {override.key_or_group for override in set_here}, partial(self._persons_place, chosen)
        )
        _check_l2_is_used(raw, values)
        _check_settings_are_used(set_here, raw)
        return ComposedConfig(config, values, tuple(overrides), sweep)

    def _choose(self, groups: Sequence[Override]) -> Chosen:
        groups = [_with_name(override) for override in groups]
        lines = tuple(str(override.input_line) for override in groups)
        if lines not in self._chosen:
            self._chosen[lines] = choose(groups, self._library)
        return self._chosen[lines]

    def _told(self, error: SchemaError, overrides: Sequence[Override], chosen: Chosen) -> UserError:
        """The error with the file and line of a person's own that the value at fault stands in, if it does."""
        place = error.place
        keys = [tuple(override.key_or_group.split(".")) for override in overrides]
        if any(key[: len(place)] == tuple(map(str, place))[: len(key)] for key in keys):
            return error
        source = chosen.source(place)
        if source is None or self._library.is_own(source[0]):
            return error
        document, inside = source
        written = document.written.get(inside)
        cure = f" Text is written in quotes: '{written}'." if error.wants_text and written else ""
        return UserError(f"{document.where(inside)}: {error}{cure}")

    def _persons_place(self, chosen: Chosen, place: Place) -> str | None:
        """The file and line of a person's own that a value, or what it is in, stands in; None where none has it."""
        for end in range(len(place), 0, -1):
            source = chosen.source(place[:end])
            if source is not None and not self._library.is_own(source[0]):
                return source[0].where(source[1])
        return None


def _check_group(override: Override, folders: tuple[Path, ...]) -> None:
    group = override.key_or_group
    names = options(group, folders)
    if override.value() is None and group == "experiment":
        return
    if _name_in(override) not in names:
        raise unknown_name(group, _name_in(override), names)


def _name_in(override: Override) -> str:
    """The file that an override chooses; a name may look like a number: model=123."""
    value = override.value()
    return value if isinstance(value, str) else str(override.input_line).partition("=")[2].strip()


def _with_name(override: Override) -> Override:
    """The same in quotes where the name looks like another value: Hydra takes no number for the name of a file."""
    if override.value() is None or isinstance(override.value(), str):
        return override
    return parse_override(f"{override.key_or_group}='{_name_in(override)}'")


def _set_value(values: dict[str, Any], override: Override, folders: tuple[Path, ...]) -> None:
    """What Hydra does with an override that chooses no group: set a value that is there, or merge a mapping."""
    key, value = override.key_or_group, override.value()
    check_texts((f"Override '{override.input_line}'", text) for _, text in texts(value))
    if not is_tag(override):
        _check_key(override, values, folders)
    here: Any = values
    *above, last = key.split(".")
    for part in above:
        if isinstance(here, dict) and not isinstance(here.get(part), dict | list):
            here[part] = {}  # of tags, which need not be there
        here = here[int(part)] if isinstance(here, list) else here[part]
    if isinstance(here, list):
        here[int(last)] = copied(value)
    elif isinstance(value, dict):
        if not is_tag(override) and isinstance(here.get(last), dict):
            _check_mapping(value, here[last], key)
        merge(here, {last: value})
    else:
        here[last] = copied(value)


def _check_mapping(value: Mapping[Any, Any], there: Mapping[str, Any], where: str) -> None:
    """Refuse a mapping with keys that are not there: a configuration has the keys that it has."""
    for key, item in value.items():
        if there and key not in there:
            raise unknown_name("key", str(key), there, where)
        if isinstance(item, dict) and isinstance(there.get(key), dict):
            _check_mapping(item, there[key], f"{where}.{key}")


def _check_key(override: Override, values: Mapping[str, Any], folders: tuple[Path, ...]) -> None:
    """Refuse an override whose key does not exist, and name the keys beside it."""
    here: Any = values
    passed: list[str] = []
    for part in override.key_or_group.split("."):
        where = ".".join(passed)
        if isinstance(here, list):
            if not (part.isdecimal() and int(part) < len(here)):
                raise UserError(
                    f"Override '{override.input_line}': {where} has {len(here)} entries, 0 to {len(here) - 1}."
                )
            here = here[int(part)]
        elif isinstance(here, dict):
            if part not in here:
                suggest_leaf(part, override, values)
                suggest_file(part, passed, folders)
                raise unknown_name("key", part, {*map(str, here), *(() if passed else GROUPS)}, where)
            here = here[part]
        else:
            raise UserError(f"Override '{override.input_line}': {where} is a value, it has no keys.")
        passed.append(part)


def _check_l2_is_used(raw: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse an L2 factor for a network that names none: every run of a sweep over it would be the same."""
    if values["l2"] is None:
        return
    if not _USES_L2.search(json.dumps(raw["model"])):
        raise UserError(
            f"l2={values['l2']} changes nothing: the network '{values['model']['name']}' names no l2. "
            'Give its layers the key l2: "${l2}", or leave l2 out.'
        )


def _check_settings_are_used(overrides: Sequence[Override], raw: Mapping[str, Any]) -> None:
    """Refuse a value for a setting of the network that none of its layers takes up."""
    for override in overrides:
        group, _, setting = override.key_or_group.partition(".")
        if group == "model" and setting and setting.partition(".")[0] not in ("name", "task", "layers"):
            model = json.dumps(raw["model"])
            if not re.search(rf"\$\{{\s*(model)?\.+{re.escape(setting)}[\s}}.\[]", model):
                raise UserError(
                    f"Override '{override.input_line}' changes nothing: no layer of the network "
                    f"'{raw['model'].get('name')}' takes ${{model.{setting}}}."
                )
