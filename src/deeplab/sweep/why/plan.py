"""The trainings that tell what each difference between two configurations brings: all that lies between them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deeplab.config.compose import ComposedConfig, ComposedSweep, Composer
from deeplab.config.identity import settle_metrics
from deeplab.config.schema import SWEEP_KEYS, ExperimentConfig
from deeplab.config.validate import validate
from deeplab.errors import UserError
from deeplab.evaluation.shapley import MOST_ALL, Parts, combinations_of, orders
from deeplab.sweep.grid import Axis
from deeplab.sweep.plan import MOST_TRIALS, Plan, Trial, check_metric, key_of, plural, size_of
from deeplab.sweep.replicates import at_fold
from deeplab.sweep.why.differences import Difference, Ways
from deeplab.sweep.workers import threads_of
from deeplab.tasks import TASKS
from deeplab.tracking.find import find_run
from deeplab.tracking.store import open_to_read
from deeplab.workflows.trained_run import TrainedRun

FRESH = 0x776879  # keeps these seeds apart from those of sweeps and decisions
MOST_DIFFERENCES = 24
REPLICATES = 3
ORDERS = 6  # that are drawn if nothing else is said


@dataclass(frozen=True)
class WhyPlan(Plan):
    """All trainings between two configurations."""

    differences: tuple[Difference, ...] = ()
    orders: tuple[tuple[int, ...], ...] = field(default=(), repr=False)  # that shares are means over
    combinations: tuple[Parts, ...] = field(default=(), repr=False)  # of each point, the differences that are made

    @property
    def key(self) -> str:
        """What the same command has in common."""
        first, second, *others = self.overrides
        return key_of(others, "why", first, second)

    @property
    def is_whole(self) -> bool:
        """Whether every combination is trained."""
        return len(self.combinations) == 1 << len(self.differences)


def plan_why(
    first: str, second: str, overrides: Sequence[str], config_dir: Path | None, sampled: int, yes: bool = False
) -> WhyPlan:
    """Compose every training.

    Args:
        first: a run of the store, or overrides in one text, as in `model=cnn l2=1e-4`.
        second: the same, that is held against the first.
        overrides: of both, where they are no runs; `replicates`, `sweep`, `launcher` and `tracking`.
        config_dir: a person's own `conf/` folder.
        sampled: orders that are drawn where there are too many differences for all combinations.
        yes: more trainings than MOST_TRIALS are meant.

    Raises:
        UserError: the two cannot be compared, are the same, or differ in too much.
    """
    if sampled < 2 or sampled % 2:
        raise UserError(
            f"--orders must be an even number from 2, for each order comes with its reverse; got {sampled}."
        )
    composer = Composer(config_dir)
    named = any(text.startswith("replicates=") for text in overrides)
    asked = list(overrides) if named else [*overrides, f"replicates={REPLICATES}"]
    sides = [_side(text, letter, asked, composer) for text, letter in ((first, "A"), (second, "B"))]
    sweep = sides[0]
    if sweep.replicates < 2:
        raise UserError("replicates must be at least 2: one training tells nothing of chance.")
    if any(side.folds > 1 for side in sides):
        raise UserError("validation=kfold: deeplab why takes fresh seeds; folds go with deeplab sweep.")
    if sweep.comparison.stop is not None:
        raise UserError("sweep.stop: deeplab why needs every combination, with every seed.")
    check_metric(sweep)
    ways = Ways(*(side.run.values for side in sides))
    count = len(ways.differences)
    if count > MOST_DIFFERENCES:
        raise UserError(f"A and B differ in {count} things; at most {MOST_DIFFERENCES} can be told apart.")
    asked_orders = orders(count, sampled, sweep.run.config.seed)
    combinations = combinations_of(asked_orders)
    trainings = len(combinations) * sweep.replicates
    if trainings > MOST_TRIALS and not yes:
        raise UserError(f"This is {size_of(len(combinations), sweep)} = {trainings:,} trials. If meant: --yes")
    points = tuple(_settings(ways.differences, made) for made in combinations)
    threads = threads_of(sweep.launcher, sweep.run.config.training.device, trainings)
    trials = tuple(
        Trial(point, replicate, _values(ways.values(made), sweep, replicate, threads))
        for point, made in enumerate(combinations)
        for replicate in range(sweep.replicates)
    )
    axes = tuple(Axis(each.key, (each.before, each.after)) for each in ways.differences)
    values = trials[0].values
    run = ComposedConfig(validate(ExperimentConfig, values), values, tuple(asked))
    return WhyPlan(
        f"why {_name(first)} to {_name(second)}",
        (first, second, *overrides),
        axes,
        points,
        replace(sweep, run=run),
        trials,
        ways.differences,
        tuple(asked_orders),
        tuple(combinations),
    )


def in_words(plan: WhyPlan) -> str:
    """How many trainings there are, and of what: `3 differences, all 8 combinations x 3 replicates = 24 trials`."""
    count = len(plan.differences)
    way = "all" if plan.is_whole else f"{len(plan.orders)} orders of more than {MOST_ALL}:"
    combinations = plural(len(plan.combinations), "combination")
    return f"{plural(count, 'difference')}, {way} {combinations} x {plan.replicates} replicates = {plan.count:,} trials"


def seed_of(seed: int, replicate: int) -> int:
    """The seed of a training, the same for every combination, and no one that a sweep or a decision takes."""
    return int(np.random.SeedSequence([seed, FRESH, replicate]).generate_state(1)[0])


def _side(text: str, letter: str, overrides: Sequence[str], composer: Composer) -> ComposedSweep:
    """One of the two, with how it is to be trained."""
    if "=" in text and not text.startswith("best:"):
        words = _words(text, letter)
        own = {_key(word) for word in words}
        for word in words:
            if _is_of_sweep(word) or _key(word) in ("seed", "name"):
                raise UserError(f"{letter}: {word} is no difference between networks; give it beside A and B.")
        return composer.compose_sweep([*(each for each in overrides if _key(each) not in own), *words])
    for word in overrides:
        if not _is_of_sweep(word):
            raise UserError(
                f"{word}: {letter} is a run, whose configuration stays as it is; beside runs deeplab why takes "
                "replicates, sweep.metric, launcher and tracking alone."
            )
    sweep = composer.compose_sweep(overrides)
    store = open_to_read(sweep.run.config.tracking)
    composed = TrainedRun(find_run(store, text), store).composed()
    values = {**composed.values, "tracking": sweep.run.values["tracking"]}
    comparison = sweep.comparison
    if not any(override.startswith("sweep.metric=") for override in overrides):
        comparison = replace(comparison, metric=TASKS[composed.config.model.task].default_metric)
    run = ComposedConfig(validate(ExperimentConfig, values), values, composed.overrides)
    return replace(sweep, run=run, comparison=comparison)


def _words(text: str, letter: str) -> list[str]:
    """Overrides that stand in one text, as a shell would take them apart; brackets hold theirs together."""
    words: list[str] = []
    depth = 0
    for part in re.split(r"(\s+)", text.strip()):
        if depth or part.isspace():
            if depth:
                words[-1] += part
        else:
            words.append(part)
        depth += sum(part.count(each) for each in "[{(") - sum(part.count(each) for each in "]})")
    if depth:
        raise UserError(f"{letter}: {text}: a bracket is not closed.")
    return words


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+")


def _is_of_sweep(override: str) -> bool:
    return _key(override).split(".")[0] in (*SWEEP_KEYS, "tracking")


def _values(values: dict[str, Any], sweep: ComposedSweep, replicate: int, threads: int) -> dict[str, Any]:
    """A combination as a replicate trains it."""
    first = sweep.run.values
    own: dict[str, Any] = {
        **{"name": None, "notes": None, "tags": {}, "seed": seed_of(first["seed"], replicate)},
        "tracking": first["tracking"],
        "training": {**values["training"], "threads": first["training"]["threads"] or threads},
    }
    settled = settle_metrics({**values, **own, "sweep": {"metric": sweep.comparison.metric}})
    return at_fold({key: value for key, value in settled.items() if key != "sweep"}, 0, sweep)


def _settings(differences: Sequence[Difference], made: Parts) -> dict[str, str]:
    return {each.key: each.after if number in made else each.before for number, each in enumerate(differences)}


def _name(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
