"""What an evaluation under noise leaves in the store: rates, their figures, and what the images looked like."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deeplab.data.noise import Noise
from deeplab.data.splits import Splits
from deeplab.evaluation.statistics import Statistics, statistics
from deeplab.files import table
from deeplab.tracking.run_log import RunLog
from deeplab.workflows.noise.partial_results import NoiseDraw

SHOWN_IMAGES = 10
# Levels as steps of a metric, which are whole numbers: 0.4 is step 400.
STEPS = 1000

Done = Mapping[tuple[float, int], NoiseDraw]


def rates_of(done: Done, splits: Splits) -> dict[str, list[Statistics]]:
    """True-positive rates over the draws, level by level, for each state of the images."""
    count, levels = len(splits.test), _by_level(done).values()
    return {
        state: [statistics([sum(cell.correct[state]) / count for cell in cells]) for cells in levels]
        for state in _states(done)
    }


def log_outcome(
    log: RunLog, kind: str, done: Done, splits: Splits, denoisers: Mapping[str, Any], trained_at: Mapping[str, float]
) -> None:
    """Write metrics, tables and figures.

    Args:
        denoisers: networks by name.
        trained_at: the level of the noise that they were trained with, where they were.
    """
    from deeplab.plots.noise import rates as noise_curve
    from deeplab.plots.noise import rates_by_class as noise_classes
    from deeplab.plots.run import gallery
    from deeplab.plots.style import to_png

    rates, levels = rates_of(done, splits), tuple(_by_level(done))
    for number, level in enumerate(levels):
        values = {f"{in_mlflow(state)}/true_positive_rate": points[number].mean for state, points in rates.items()}
        log.metrics(round(STEPS * level), values)
    classes = _class_rates(done, splits)
    names = splits.info.class_names
    spread = ("mean", "std", "interval_95", "min", "max", "n")
    log.log_text("rates.csv", table(("level", "state", *spread, *names), _rows(levels, rates, classes)))
    log.log_text("classes.csv", table(("level", "state", "class", "images", *spread), _class_rows(done, splits)))
    cells = [
        (cell.level, cell.seed, state, len(splits.test), sum(correct), sum(correct) / len(splits.test))
        for cell in done.values()
        for state, correct in cell.correct.items()
    ]
    log.log_text("draws.csv", table(("level", "seed", "state", "images", "right", "true_positive_rate"), cells))
    title = f"{splits.info.name}: classified rightly under noise"
    curve = noise_curve.draw(
        levels,
        {state: [(point.mean, point.interval) for point in points] for state, points in rates.items()},
        noise=kind.replace("_", " "),
        chance=float(np.bincount(splits.test.labels).max() / len(splits.test)),
        trained_at=trained_at,
        title=title,
    )
    log.log_bytes("plots/noise_curve.png", to_png(curve))
    log.log_bytes("plots/noise_classes.png", to_png(noise_classes.draw(levels, classes, names, f"{title}, by class")))
    for level in levels:
        rows = _gallery(Noise(kind, level, 0, "test") if level else None, splits, denoisers)
        figure = gallery.draw(rows, f"{kind.replace('_', ' ').capitalize()} noise, level {level:g}")
        log.log_bytes(f"gallery/level_{level:.3f}.png", to_png(figure))


def _by_level(done: Done) -> dict[float, list[NoiseDraw]]:
    levels: dict[float, list[NoiseDraw]] = {}
    for level, seed in sorted(done):
        levels.setdefault(level, []).append(done[level, seed])
    return levels


def _class_rates(done: Done, splits: Splits) -> dict[str, NDArray[np.float64]]:
    """[level, class] by state; NaN where a class has no test image."""
    counts = np.bincount(splits.test.labels, minlength=splits.info.num_classes).astype(float)
    counts[counts == 0] = np.nan
    levels = _by_level(done).values()
    return {
        state: np.stack([np.mean([cell.correct[state] for cell in cells], axis=0) / counts for cells in levels])
        for state in _states(done)
    }


def _rows(
    levels: tuple[float, ...], rates: Mapping[str, list[Statistics]], classes: Mapping[str, NDArray[np.float64]]
) -> Iterator[tuple[Any, ...]]:
    for number, level in enumerate(levels):
        for state, points in rates.items():
            yield (level, state, *_numbers(points[number]), *classes[state][number].tolist())


def _class_rows(done: Done, splits: Splits) -> Iterator[tuple[Any, ...]]:
    """A line for each level, state and class that has test images, with the spread over the draws."""
    counts = np.bincount(splits.test.labels, minlength=splits.info.num_classes)
    for level, cells in _by_level(done).items():
        for state in _states(done):
            for number in np.flatnonzero(counts):
                count = int(counts[number])
                point = statistics([cell.correct[state][number] / count for cell in cells])
                yield (level, state, splits.info.class_names[number], count, *_numbers(point))


def _numbers(point: Statistics) -> tuple[Any, ...]:
    return point.mean, point.deviation, point.interval, point.minimum, point.maximum, point.count


def _states(done: Done) -> Iterable[str]:
    return next(iter(done.values())).correct


def _gallery(noise: Noise | None, splits: Splits, denoisers: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    chosen = slice(SHOWN_IMAGES)
    images = splits.test.images(chosen)
    noisy = images if noise is None else noise.apply(images, splits.test.rows[chosen])
    given = {name: network.predict_on_batch(noisy) for name, network in denoisers.items()}
    return {"original": images, "noisy": noisy, **given}


def in_mlflow(state: str) -> str:
    """A state as part of the name of a metric or a parameter: MLflow takes letters, digits, and these."""
    return "".join(letter if letter.isalnum() or letter in "_-. " else "_" for letter in state)
