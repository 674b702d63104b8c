"""Set what overrides say in a composed configuration, which has the keys that it has."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deeplab.config.defaults import merge
from deeplab.config.folders import GROUPS, options
from deeplab.config.hydra_adapter import Override
from deeplab.config.interpolation import check_texts
from deeplab.config.overrides import is_tag
from deeplab.config.yaml_file import copied, read_yaml, texts
from deeplab.errors import UserError, unknown_name

_USES_L2 = re.compile(r"\$\{\s*\.*l2\s*\}")


def apply_override(values: dict[str, Any], override: Override, folders: tuple[Path, ...]) -> None:
    """Do what Hydra does with an override that chooses no file: set a value that is there, or merge a mapping.

    Args:
        values: not interpolated; changed in place.
        override: as in `model.layers.0.units=64` or `tags={course: nn101}`.
        folders: with the files of each group, whose keys an error names.

    Raises:
        UserError: the key does not exist, or the value interpolates anything but plain keys.
    """
    key, value = override.key, override.value
    check_texts((f"Override '{override.text}'", text) for _, text in texts(value))
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


def check_effect(overrides: Sequence[Override], raw: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse what changes nothing of the network: every run of a sweep over it would be the same.

    Args:
        overrides: those that choose no file.
        raw: the configuration before interpolation.
        values: the same after it.
    """
    model, l2 = json.dumps(raw["model"]), values["l2"]
    if l2 is not None and not _USES_L2.search(model):
        raise UserError(
            f"l2={l2} changes nothing: the network '{values['model']['name']}' names no l2. "
            'Give its layers the key l2: "${l2}", or leave l2 out.'
        )
    for override in overrides:
        group, _, setting = override.key.partition(".")
        if group != "model" or not setting or setting.partition(".")[0] in ("name", "task", "layers", "blocks"):
            continue
        if not re.search(rf"\$\{{\s*(model)?\.+{re.escape(setting)}[\s}}.\[]", model):
            raise UserError(
                f"Override '{override.text}' changes nothing: no layer of the network "
                f"'{raw['model'].get('name')}' takes ${{model.{setting}}}."
            )


def _check_mapping(value: Mapping[Any, Any], there: Mapping[str, Any], where: str) -> None:
    """Refuse a mapping with keys that are not there."""
    for key, item in value.items():
        if there and key not in there:
            raise unknown_name("key", str(key), there, where)
        if isinstance(item, dict) and isinstance(there.get(key), dict):
            _check_mapping(item, there[key], f"{where}.{key}")


def _check_key(override: Override, values: Mapping[str, Any], folders: tuple[Path, ...]) -> None:
    """Refuse a key that does not exist, and name the keys beside it."""
    here: Any = values
    passed: list[str] = []
    for part in override.key.split("."):
        where = ".".join(passed)
        if isinstance(here, list):
            if not (part.isdecimal() and int(part) < len(here)):
                raise UserError(f"Override '{override.text}': {where} has {len(here)} entries, 0 to {len(here) - 1}.")
            here = here[int(part)]
        elif isinstance(here, dict):
            if part not in here:
                raise _unknown_key(override, passed, here, folders)
            here = here[part]
        else:
            raise UserError(f"Override '{override.text}': {where} is a value, it has no keys.")
        passed.append(part)


def _unknown_key(
    override: Override, passed: Sequence[str], here: Mapping[str, Any], folders: tuple[Path, ...]
) -> UserError:
    """With where it may be meant to go: `epochs` to `training.epochs`, `noise.level` to another choice of `noise`."""
    part = override.key.split(".")[len(passed)]
    if override.key == ".".join([*passed, part]):
        for group, inside in here.items():
            if isinstance(inside, dict) and part in inside:
                meant = ".".join([*passed, str(group), part])
                return UserError(f"Unknown key '{override.key}'. Did you mean '{meant}'?")
    if len(passed) == 1 and passed[0] in GROUPS:
        group = passed[0]
        holding = [name for name, path in options(group, folders).items() if part in read_yaml(path).values]
        if holding:
            known = ", ".join(f"{group}={name}" for name in holding)
            return UserError(f"Unknown key '{part}' in {group}; other choices have it: {known}.")
    return unknown_name("key", part, {*map(str, here), *(() if passed else GROUPS)}, ".".join(passed))
