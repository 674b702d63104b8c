"""Compose overrides and YAML files into one frozen configuration, or say in one line why not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deeplab.code.file import current
from deeplab.config.apply_overrides import apply_override, check_effect, no_key
from deeplab.config.backbone_weights import settle_backbones
from deeplab.config.defaults import Chosen, check_choice, choose
from deeplab.config.folders import GROUPS
from deeplab.config.hydra_adapter import Override
from deeplab.config.identity import CODE, settle_metrics, settle_randomness, sha, with_added_keys
from deeplab.config.interpolation import resolve
from deeplab.config.library import Library
from deeplab.config.overrides import parse_override
from deeplab.config.safety import check_values
from deeplab.config.schema import (
    SWEEP_KEYS,
    ComparisonConfig,
    ExperimentConfig,
    KFoldConfig,
    LauncherConfig,
    SweepConfig,
)
from deeplab.config.task_of_data import settle_task
from deeplab.config.trust import check_addresses
from deeplab.config.validate import SchemaError, validate
from deeplab.config.yaml_file import copied
from deeplab.errors import UserError
from deeplab.tasks import fill_task_defaults


@dataclass(frozen=True)
class ComposedConfig:
    """A configuration in the two forms it is needed in."""

    config: ExperimentConfig  # frozen and checked; what the code works with
    values: dict[str, Any]  # the same as plain dicts and lists; what is shown and logged
    overrides: tuple[str, ...]  # what the user asked for, word by word
    config_dir: Path | None = None  # the user's own folder that it was composed from, too

    @property
    def hash(self) -> str:
        """SHA-256 of the composed values."""
        return sha(self.values)


@dataclass(frozen=True)
class ComposedSweep:
    """A run as a sweep makes it, with how many there are of it, how they are compared and where they are trained."""

    run: ComposedConfig
    replicates: int
    comparison: ComparisonConfig
    launcher: LauncherConfig

    @property
    def folds(self) -> int:
        """Folds that a point is trained with one after the other; 1 where there are none, or one of them is named."""
        validation = self.run.config.validation
        return validation.folds if isinstance(validation, KFoldConfig) and validation.fold is None else 1

    @property
    def trainings(self) -> int:
        """Trainings of each point: every fold of every replicate."""
        return self.replicates * self.folds

    @property
    def settings(self) -> dict[str, Any]:
        """All but the run as plain values, as a configuration has them; they are the same at every point of a sweep."""
        return {"replicates": self.replicates, "sweep": asdict(self.comparison), "launcher": asdict(self.launcher)}


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> ComposedConfig:
    """Compose the configuration of one run; see `Composer`."""
    return Composer(config_dir).compose(overrides)


def compose_sweep(overrides: Sequence[str], config_dir: Path | None = None) -> ComposedSweep:
    """Compose a run and what a sweep makes of it; see `Composer`."""
    return Composer(config_dir).compose_sweep(overrides)


def compose_training(overrides: Sequence[str], config_dir: Path | None = None) -> ComposedConfig:
    """Compose the configuration of one run; a UserError where several are asked for."""
    asked = compose_sweep(overrides, config_dir)
    if asked.replicates > 1 or asked.comparison.grid:
        raise UserError(
            "This asks for several runs (replicates, sweep.grid), and 'deeplab train' makes one: deeplab sweep"
        )
    return asked.run


class Composer:
    """Composes configurations from the same folders; what a choice of groups comes to is found out once."""

    def __init__(self, config_dir: Path | None = None) -> None:
        """Read the folders, a user's own before deeplab's; a UserError where it holds what is refused."""
        self._config_dir, self._library = config_dir, Library(config_dir)
        self._chosen: dict[tuple[str, ...], Chosen] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that are looked into, the user's own first."""
        return self._library.folders

    def compose(self, overrides: Sequence[str]) -> ComposedConfig:
        """Compose the configuration of one run; see `compose_sweep`."""
        return self.compose_sweep(overrides).run

    def compose_sweep(self, overrides: Sequence[str]) -> ComposedSweep:
        """Compose what is asked for as on the command line, or say in a UserError of one line what is wrong with it."""
        parsed = [parse_override(text) for text in overrides]
        settings = [override for override in parsed if override.key not in GROUPS]
        chosen = self._choose([override for override in parsed if override.key in GROUPS])
        raw = copied(chosen.values)
        for override in settings:
            apply_override(raw, override, self.folders)
        if CODE in raw:
            raise no_key(chosen.line((CODE,)) or "Configuration")
        check_values(raw)
        # Files of before a key was added lack it.
        settled = settle_task(with_added_keys(resolve(raw)))
        values = settle_metrics(settle_randomness(settle_backbones(fill_task_defaults(settled))))
        swept = {key: values.pop(key) for key in SWEEP_KEYS if key in values}
        try:
            sweep, config = validate(SweepConfig, swept), validate(ExperimentConfig, values)
        except SchemaError as error:
            raise (error if _is_set_by(settings, error) else chosen.located(error)) from error.__cause__
        check_addresses({**values, **swept}, {override.key for override in settings}, chosen.line)
        check_effect(settings, raw, values)
        code = current()
        values = values if code is None else {**values, CODE: code.sha256}
        run = ComposedConfig(config, values, tuple(overrides), self._config_dir)
        return ComposedSweep(run, sweep.replicates, sweep.sweep, sweep.launcher)

    def _choose(self, groups: Sequence[Override]) -> Chosen:
        checked = [check_choice(override, self._library) for override in groups]
        texts = tuple(override.text for override in checked)
        if texts not in self._chosen:
            self._chosen[texts] = choose(checked, self._library)
        return self._chosen[texts]


def _is_set_by(overrides: Sequence[Override], error: SchemaError) -> bool:
    """Whether an override set the value at fault, a part of it, or what it is in."""
    place = tuple(map(str, error.place))
    keys = [tuple(override.key.split(".")) for override in overrides]
    return any(key[: len(place)] == place[: len(key)] for key in keys)
