"""Rates under noise of an entry: what they are measured of, their names in `results.csv`, and their table."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from deeplab.evaluation.statistics import statistics
from deeplab.evaluation.variance_components import crossed_components
from deeplab.report.page import Cell, Table
from deeplab.study.config import NoiseEntry
from deeplab.study.results import Result
from deeplab.study.words import mean_in_words
from deeplab.workflows.noise.evaluate import NoiseResult

NOISY = "noisy"


def rate_scores(noise: NoiseResult, denoisers: Sequence[tuple[str, int]], is_crossed: bool) -> dict[str, float]:
    """Name the rates of one classifier as `results.csv` keeps them.

    Args:
        noise: the rates, of noisy images and of those that each network denoised, in this order.
        denoisers: entry and replicate of each of these networks.
        is_crossed: whether rates of each training are kept, too: `code#2@0.4` of replicate 2, and as `draws(code)@0.4`
            the standard deviation from one draw of the noise to another.

    Returns:
        By name, as `noisy@0.4` and `code@0.4`, means over draws and trainings.
    """
    scores: dict[str, float] = {}
    rates = dict(zip([(NOISY, 0), *denoisers], noise.rates.values(), strict=True))
    for name in dict.fromkeys(name for name, _ in rates):
        for index, level in enumerate(noise.levels):
            points = {number: each[index] for (other, number), each in rates.items() if other == name}
            scores[f"{name}@{level:g}"] = statistics([point.mean for point in points.values()]).mean
            if is_crossed:
                scores |= {f"{name}#{number}@{level:g}": point.mean for number, point in points.items()}
                variances = [(point.deviation or 0.0) ** 2 for point in points.values()]
                scores[f"draws({name})@{level:g}"] = math.sqrt(statistics(variances).mean)
    return scores


def evaluated(noise: NoiseEntry, number: int, replicates: int) -> list[tuple[str, int]]:
    """Name the trainings of an evaluation by entry and replicate: of the classifier, then of those that denoise."""
    numbers = range(replicates) if noise.crossed else (number,)
    return [(noise.classifier, number), *((name, each) for name in noise.denoisers for each in numbers)]


def rates_table(noise: NoiseEntry, lines: Sequence[Result]) -> Table:
    """Show the mean of each rate by level; of crossed trainings, of which none is missing, where its spread is from."""
    levels = sorted({float(name.partition("@")[2]) for name in lines[0].scores if name.startswith(f"{NOISY}@")})
    if noise.crossed:
        return _spread_table(noise, lines, levels)
    states = (NOISY, *noise.denoisers)
    rows = tuple(
        (
            f"{level:g}",
            *(mean_in_words(statistics([line.scores[f"{state}@{level:g}"] for line in lines])) for state in states),
        )
        for level in levels
    )
    over = "its draws" if len(lines) == 1 else f"its draws and {len(lines)} trainings of each network"
    return Table(f"True-positive rate by level of noise, the mean over {over}", ("level", *states), rows)


def _spread_table(noise: NoiseEntry, lines: Sequence[Result], levels: Sequence[float]) -> Table:
    many, draws = len(lines), noise.seeds
    caption = (
        f"What the spread of these rates is made of, {many} trainings of the classifier with each of {many} of the "
        f"denoiser and {draws} draws of the noise: 95 % interval of the mean over other trainings and draws, and the "
        "standard deviation from one classifier to another, from one denoiser to another, of a pair beyond both, and "
        "from one draw to another"
    )
    head = ("level", "images", "mean", "95 % interval", "classifiers", "denoisers", "pairs", "draws")
    rows = tuple((f"{level:g}", *cells) for level in levels for cells in _rows(noise, lines, f"@{level:g}"))
    return Table(caption, head, rows)


def _rows(noise: NoiseEntry, lines: Sequence[Result], level: str) -> Iterator[tuple[Cell, ...]]:
    def drawn(name: str) -> float:
        return statistics([line.scores[f"draws({name}){level}"] ** 2 for line in lines]).mean

    alone = statistics([line.scores[NOISY + level] for line in lines])
    of_trainings = math.sqrt(max(0.0, (alone.deviation or 0.0) ** 2 - drawn(NOISY) / noise.seeds))
    deviations: Sequence[float | None] = (of_trainings, None, None, math.sqrt(drawn(NOISY)))
    yield NOISY, *_cells(alone.mean, alone.interval or 0.0, deviations)
    for name in noise.denoisers:
        scores = [[line.scores[f"{name}#{other.replicate}{level}"] for other in lines] for line in lines]
        spread = crossed_components(np.array(scores), drawn(name), noise.seeds)
        deviations = (spread.classifiers, spread.denoisers, spread.pairs, spread.draws)
        yield name, *_cells(spread.mean, spread.interval, deviations)


def _cells(mean: float, half: float, deviations: Sequence[float | None]) -> Iterator[Cell]:
    yield f"{mean:.4f}"
    yield f"{mean - half:.4f} to {mean + half:.4f}"
    yield from (None if each is None else f"{each:.4f}" for each in deviations)
