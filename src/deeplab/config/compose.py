"""Compose overrides and YAML files into one frozen configuration, or say in one line why not."""

import copy
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from deeplab.config.build import build
from deeplab.config.errors import UserError, unknown_name
from deeplab.config.folders import GROUPS, conf_folders, options
from deeplab.config.overrides import is_tag, parse_override
from deeplab.config.safety import check_folder, check_values
from deeplab.config.schema import SWEEP_KEYS, ExperimentConfig, SweepConfig
from deeplab.config.tasks import settle
from deeplab.config.trust import check_addresses

# What Hydra, OmegaConf and PyYAML raise on files and overrides that are odd enough; each was met by fuzzing.
HYDRA_ERRORS = (
    HydraException,
    OmegaConfBaseException,
    yaml.YAMLError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
_USES_L2 = re.compile(r"\$\{\s*\.*l2\s*\}")


@dataclass(frozen=True)
class Composed:
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


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> Composed:
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
        self.folders = conf_folders(config_dir)
        for folder in self.folders[:-1]:
            check_folder(folder)
        self._chosen: dict[tuple[str, ...], DictConfig] = {}

    def compose(self, overrides: Sequence[str]) -> Composed:
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
        try:
            composed = _set_values([override for override in parsed if override not in groups], chosen)
        except HYDRA_ERRORS as error:
            _check_keys(parsed, chosen, self.folders)
            raise UserError(f"The configuration cannot be composed: {_first_line(error)}") from error
        check_values(OmegaConf.to_container(composed, resolve=False))
        values = settle(_resolved(composed))
        for folder in self.folders[:-1]:
            check_addresses(values, {override.key_or_group for override in parsed}, folder)
        sweep = build(SweepConfig, {key: values.pop(key) for key in SWEEP_KEYS if key in values})
        config = build(ExperimentConfig, values)
        _check_l2_is_used(composed)
        _check_settings_are_used(parsed, composed)
        return Composed(config, values, tuple(overrides), sweep)

    def _choose(self, groups: Sequence[Override]) -> DictConfig:
        lines = tuple(
            str(override.input_line)
            if override.value() is None or isinstance(override.value(), str)
            else f"{override.key_or_group}='{_name_in(override)}'"  # Hydra takes no number for the name of a file
            for override in groups
        )
        if lines not in self._chosen:
            try:
                self._chosen[lines] = _hydra(lines, self.folders)
            except HYDRA_ERRORS as error:
                raise UserError(f"The configuration cannot be composed: {_first_line(error)}") from error
        return self._chosen[lines]


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


def _hydra(lines: Sequence[str], folders: tuple[Path, ...]) -> DictConfig:
    # Hydra's public `initialize` takes one folder to find the root configuration in; the person's comes before ours.
    Plugins.instance()
    version.setbase("1.3")
    search_path = ConfigSearchPathImpl()
    search_path.append("hydra", "pkg://hydra.conf")
    for folder in folders:
        search_path.append("deeplab", f"file://{folder}")
    search_path.append("schema", "structured://")
    loader = ConfigLoaderImpl(search_path)
    composed = loader.load_configuration("config", list(lines), run_mode=RunMode.RUN, from_shell=False)
    with open_dict(composed):
        del composed["hydra"]
    return composed


def _set_values(overrides: Sequence[Override], chosen: DictConfig) -> DictConfig:
    """What Hydra does with overrides that choose no group: set plain values, in order, on a copy."""
    composed = copy.deepcopy(chosen)
    for override in overrides:
        value = override.value()
        if is_tag(override):
            with open_dict(composed):
                OmegaConf.update(composed, override.key_or_group, value, merge=True, force_add=True)
        else:
            OmegaConf.update(composed, override.key_or_group, value, merge=True)
    return composed


def _first_line(error: BaseException) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if line or error.__cause__ is None:
        return line or type(error).__name__
    return _first_line(error.__cause__)


def _check_keys(overrides: Sequence[Override], composed: DictConfig, folders: tuple[Path, ...]) -> None:
    """Find the override whose key does not exist, and name the keys beside it."""
    for override in overrides:
        here: Any = OmegaConf.to_container(composed, resolve=False)
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
                    _suggest_leaf(part, override, composed)
                    _suggest_file(part, passed, folders)
                    raise unknown_name("key", part, {*map(str, here), *(() if passed else GROUPS)}, where)
                here = here[part]
            else:
                raise UserError(f"Override '{override.input_line}': {where} is a value, it has no keys.")
            passed.append(part)


def _suggest_file(part: str, passed: Sequence[str], folders: tuple[Path, ...]) -> None:
    """`noise.level` is a key of other files of the group than the one that is chosen."""
    if len(passed) != 1 or passed[0] not in GROUPS:
        return
    group = passed[0]
    holding = [
        name
        for name, path in options(group, folders).items()
        if part in (yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    ]
    if holding:
        known = ", ".join(f"{group}={name}" for name in holding)
        raise UserError(f"Unknown key '{part}' in {group}; other choices have it: {known}.")


def _suggest_leaf(part: str, override: Override, composed: DictConfig) -> None:
    """`epochs=3` is meant for `training.epochs`."""
    if part != override.key_or_group:
        return
    groups: Any = OmegaConf.to_container(composed, resolve=False)
    leaves = [f"{group}.{part}" for group, values in groups.items() if isinstance(values, dict) and part in values]
    if leaves:
        raise UserError(f"Unknown key '{part}'. Did you mean '{leaves[0]}'?")


def _check_l2_is_used(composed: DictConfig) -> None:
    """Refuse an L2 factor for a network that names none: every run of a sweep over it would be the same."""
    if composed.get("l2") is None:
        return
    raw = OmegaConf.to_container(composed.model, resolve=False)
    if not _USES_L2.search(json.dumps(raw, default=str)):
        raise UserError(
            f"l2={composed.l2} changes nothing: the network '{composed.model.get('name')}' names no l2. "
            'Give its layers the key l2: "${l2}", or leave l2 out.'
        )


def _check_settings_are_used(overrides: Sequence[Override], composed: DictConfig) -> None:
    """Refuse a value for a setting of the network that none of its layers takes up."""
    for override in overrides:
        group, _, setting = override.key_or_group.partition(".")
        if group == "model" and setting and setting.partition(".")[0] not in ("name", "task", "layers"):
            raw = json.dumps(OmegaConf.to_container(composed.model, resolve=False), default=str)
            if not re.search(rf"\$\{{\s*(model)?\.+{re.escape(setting)}[\s}}.\[]", raw):
                raise UserError(
                    f"Override '{override.input_line}' changes nothing: no layer of the network "
                    f"'{composed.model.get('name')}' takes ${{model.{setting}}}."
                )


def _resolved(composed: DictConfig) -> dict[str, Any]:
    try:
        values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = error.full_key or str(error)
        raise UserError(f"{key} must be given: {key}=...") from error
    except (OmegaConfBaseException, RecursionError) as error:
        raise UserError(f"The configuration cannot be resolved: {_first_line(error)}") from error
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}
