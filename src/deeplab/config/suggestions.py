"""Where an unknown key may be meant to go."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override

from deeplab.config.folders import GROUPS, options
from deeplab.config.yaml_file import read_yaml
from deeplab.errors import UserError


def suggest_file(part: str, passed: Sequence[str], folders: tuple[Path, ...]) -> None:
    """`noise.level` is a key of other files of the group than the one that is chosen."""
    if len(passed) != 1 or passed[0] not in GROUPS:
        return
    group = passed[0]
    holding = [name for name, path in options(group, folders).items() if part in read_yaml(path).values]
    if holding:
        known = ", ".join(f"{group}={name}" for name in holding)
        raise UserError(f"Unknown key '{part}' in {group}; other choices have it: {known}.")


def suggest_leaf(part: str, override: Override, values: Mapping[str, Any]) -> None:
    """`epochs=3` is meant for `training.epochs`."""
    if part != override.key_or_group:
        return
    leaves = [f"{group}.{part}" for group, inside in values.items() if isinstance(inside, dict) and part in inside]
    if leaves:
        raise UserError(f"Unknown key '{part}'. Did you mean '{leaves[0]}'?")
