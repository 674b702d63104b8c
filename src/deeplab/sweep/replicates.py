"""The trainings of a point: one for each replicate, with a seed of its own, and of each one for every fold."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from deeplab.config.compose import ComposedConfig, ComposedSweep, Composer


def replicate_seed(seed: int, replicate: int) -> int:
    """The seed of a replicate, the same at every point; the first one's is the sweep's own."""
    return seed if replicate == 0 else int(np.random.SeedSequence([seed, replicate]).generate_state(1)[0])


def replicate_name(point: str, number: int, sweep: ComposedSweep) -> str:
    """The name of a training of a point: which replicate and which fold it is, where there are several."""
    replicate, fold = divmod(number, sweep.folds)
    replicated = f" #{replicate + 1}" if sweep.replicates > 1 else ""
    return f"{point}{replicated}" + (f" fold {fold + 1}" if sweep.folds > 1 else "")


def at_fold(values: dict[str, Any], fold: int, sweep: ComposedSweep) -> dict[str, Any]:
    """A composed configuration that holds out this fold, counted from 0, or rows that vary; otherwise as it is."""
    validation = values["validation"]
    if "split" in sweep.comparison.vary and validation["kind"] == "tail":
        validation = {"kind": "random", "fraction": validation["fraction"], "stratify": True}
    return {**values, "validation": validation if sweep.folds == 1 else {**validation, "fold": fold + 1}}


def replicate_values(
    composed: ComposedConfig, overrides: Sequence[str], sweep: ComposedSweep, threads: int, composer: Composer
) -> Iterator[dict[str, Any]]:
    """The composed configuration of each training of a point, with these threads where it leaves them open.

    Args:
        composed: the point.
        overrides: that it is made of.
        sweep: says how many replicates and folds there are; the folds of a replicate share its seed.
        threads: of a training.
        composer: composes with other seeds.
    """
    for replicate in range(sweep.replicates):
        values = composed.values
        if replicate:
            seed = replicate_seed(composed.config.seed, replicate)
            values = composer.compose([*overrides, f"seed={seed}"]).values
        yield from trainings_of(values, sweep, threads)


def trainings_of(values: dict[str, Any], sweep: ComposedSweep, threads: int) -> Iterator[dict[str, Any]]:
    """The composed configuration of each fold of a replicate, with these threads where it leaves them open."""
    values = {**values, "training": {**values["training"], "threads": values["training"]["threads"] or threads}}
    yield from (at_fold(values, fold, sweep) for fold in range(sweep.folds))
