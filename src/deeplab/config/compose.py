"""Compose overrides and YAML files into one frozen configuration, or say in one line why not."""

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
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from deeplab.config.build import build
from deeplab.config.errors import UserError, unknown_name
from deeplab.config.folders import GROUPS, conf_folders, options
from deeplab.config.safety import check_folder, check_override, check_values
from deeplab.config.schema import ExperimentConfig

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
    """

    config: ExperimentConfig
    values: dict[str, Any]
    overrides: tuple[str, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of the composed values."""
        return hashlib.sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> Composed:
    """Compose a configuration.

    Args:
        overrides: as on the command line: `model=cnn`, `training.epochs=3`.
        config_dir: a person's own `conf/` folder, looked into before deeplab's.

    Raises:
        UserError: whatever is wrong with them, on one line.
    """
    folders = conf_folders(config_dir)
    for folder in folders[:-1]:
        check_folder(folder)
    parsed = [_parse(text) for text in overrides]
    groups = [override for override in parsed if override.key_or_group in GROUPS]
    for override in groups:
        _check_group(override, folders)
    try:
        composed = _hydra(parsed, folders)
    except HYDRA_ERRORS as error:
        _check_keys(parsed, _hydra_or_line(groups, folders))
        raise UserError(f"The configuration cannot be composed: {_first_line(error)}") from error
    check_values(OmegaConf.to_container(composed, resolve=False))
    values = _resolved(composed)
    config = build(values)
    _check_l2_is_used(composed)
    return Composed(config, values, tuple(overrides))


def _parse(text: str) -> Override:
    check_override(text)
    try:
        override = OverridesParser.create().parse_override(text)
        several = override.is_sweep_override()
    except (HydraException, OmegaConfBaseException, ValueError, RecursionError) as error:
        raise UserError(
            f"Override '{text}' cannot be read; write key=value, as in training.epochs=3, "
            "and quote a value with special characters twice: \"dataset.path='my file.npz'\"."
        ) from error
    if not override.key_or_group:
        raise UserError(f"Override '{text}' has no key; write key=value, as in training.epochs=3.")
    if several:
        raise UserError(f"Override '{text}' has several values; one run takes one.")
    if override.is_delete() or override.package is not None:
        raise UserError(f"Override '{text}': '~' and '@' are not needed here; write key=value.")
    if (override.is_add() or override.is_force_add()) and not _is_tag(override):
        raise UserError(f"Override '{text}': nothing can be added to a configuration; write key=value.")
    return override


def _check_group(override: Override, folders: tuple[Path, ...]) -> None:
    group, name = override.key_or_group, override.value()
    names = options(group, folders)
    if name is None and group == "experiment":
        return
    if str(name) not in names:
        raise unknown_name(group, str(name), names)


def _hydra(overrides: Sequence[Override], folders: tuple[Path, ...]) -> DictConfig:
    # Hydra's public `initialize` takes one folder to find the root configuration in; the person's comes before ours.
    Plugins.instance()
    version.setbase("1.3")
    search_path = ConfigSearchPathImpl()
    search_path.append("hydra", "pkg://hydra.conf")
    for folder in folders:
        search_path.append("deeplab", f"file://{folder}")
    search_path.append("schema", "structured://")
    loader = ConfigLoaderImpl(search_path)
    lines = [_free_tag(override) for override in overrides]
    composed = loader.load_configuration("config", lines, run_mode=RunMode.RUN, from_shell=False)
    with open_dict(composed):
        del composed["hydra"]
    return composed


def _free_tag(override: Override) -> str:
    """`tags.anything=x` adds a key, and Hydra wants to be told so."""
    text = str(override.input_line)
    return f"++{text.lstrip('+')}" if _is_tag(override) else text


def _is_tag(override: Override) -> bool:
    return override.key_or_group.split(".")[0] == "tags"


def _hydra_or_line(overrides: Sequence[Override], folders: tuple[Path, ...]) -> DictConfig:
    try:
        return _hydra(overrides, folders)
    except HYDRA_ERRORS as error:
        raise UserError(f"The configuration cannot be composed: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if line or error.__cause__ is None:
        return line or type(error).__name__
    return _first_line(error.__cause__)


def _check_keys(overrides: Sequence[Override], composed: DictConfig) -> None:
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
                    raise unknown_name("key", part, {*map(str, here), *(() if passed else GROUPS)}, where)
                here = here[part]
            else:
                raise UserError(f"Override '{override.input_line}': {where} is a value, it has no keys.")
            passed.append(part)


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


def _resolved(composed: DictConfig) -> dict[str, Any]:
    try:
        values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        key = error.full_key or str(error)
        raise UserError(f"{key} must be given: {key}=...") from error
    except (OmegaConfBaseException, RecursionError) as error:
        raise UserError(f"The configuration cannot be resolved: {_first_line(error)}") from error
    return {str(key): value for key, value in values.items()}  # type: ignore[union-attr]
