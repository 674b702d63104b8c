"""The same configurations on several data sets: their scores in one number (Agarwal et al., 2021)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deeplab.comparison.groups import Group
from deeplab.comparison.hold import Comparison
from deeplab.evaluation.intervals import Interval
from deeplab.evaluation.task_scores import improvement_interval, interquartile_mean_interval
from deeplab.runs.compare import NO_DIFFERENCE

SEED = 0
# What is another for another data set, and what is another for another seed.
_OF_DATA = ("dataset.", "seed", "training.threads", *NO_DIFFERENCE)
LAYER = "model.layers."


@dataclass(frozen=True)
class AcrossData:
    """One configuration on several data sets."""

    name: str  # what tells it from the others, as in `cnn, l2=0.001`
    runs: int  # on each data set
    middle: Interval  # interquartile mean of its scores
    improvement: Interval | None  # probability that a run of it is better than one of the first; None of the first


@dataclass(frozen=True)
class Across:
    """Configurations on several data sets."""

    rows: tuple[AcrossData, ...]  # the first is what the others are held against; none where nothing can be said
    data: int  # how many data sets
    sentence: str  # what was done, or why nothing was


def across_data(comparison: Comparison) -> Across | None:
    """Sum up configurations over the data sets that groups span; None where they are of one."""
    score, groups = comparison.score, [each.group for each in comparison.standings]
    data = list(dict.fromkeys(group.data for group in groups))
    if len(data) < 2 or score is None or not comparison.has_replicates:
        return None
    if not score.metric.is_share:
        return Across((), len(data), f"A mean of {score.label} over different data would say nothing.")
    if any(group.folds > 1 for group in groups):
        why = "trainings of folds share their examples, and are no runs by themselves"
        return Across((), len(data), f"They span {len(data)} data sets and are not summed up, since {why}.")
    by_configuration: dict[frozenset[tuple[str, str]], dict[str, Group]] = {}
    for group in groups:
        by_configuration.setdefault(_configuration(group.params), {})[group.data] = group
    complete = {key: of for key, of in by_configuration.items() if len(of) == len(data)}
    count = min((len(group.members) for of in complete.values() for group in of.values()), default=0)
    if count < 2:
        why = "no configuration was trained on all of them" if not complete else "some were trained once"
        return Across((), len(data), f"They span {len(data)} data sets and are not summed up, since {why}.")
    names = _names([next(iter(of.values())).params for of in complete.values()])
    matrices = [np.array([of[each].values(score.name)[:count] for each in data]) for of in complete.values()]
    rows = []
    for number, (name, values) in enumerate(zip(names, matrices, strict=True)):
        middle = interquartile_mean_interval(values, np.random.default_rng(SEED))
        better = improvement_interval(values, matrices[0], np.random.default_rng(SEED)) if number else None
        rows.append(AcrossData(name, count, middle, better))
    left = len(by_configuration) - len(complete)
    sentence = (
        f"Over {len(data)} data sets: interquartile mean of {score.label} over the first {count} runs on "
        f"each, and the probability that a run is better than one of {names[0]}; 95 % intervals of a bootstrap of the "
        "runs within each data set (Agarwal et al. 2021)."
    )
    if left:
        sentence += f" {left} configuration{'s were' if left > 1 else ' was'} not trained on all and left out."
    return Across(tuple(rows), len(data), sentence)


def _configuration(params: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((key, value) for key, value in params.items() if not key.startswith(_OF_DATA))


def _names(configurations: Sequence[Mapping[str, str]]) -> list[str]:
    """Name configurations by what differs between them, layers aside where their networks have names of their own."""
    keys = dict.fromkeys(key for params in configurations for key in params if not key.startswith(_OF_DATA))
    differing = [
        key
        for key in keys
        if key != "model.name" and not key.startswith(LAYER) and len({params.get(key) for params in configurations}) > 1
    ]
    networks = [params.get("model.name", "") for params in configurations]
    named = [] if len(set(networks)) == len(networks) else differing
    names = [
        ", ".join(filter(None, (network, *(f"{key.rpartition('.')[2]}={params.get(key, '-')}" for key in named))))
        for network, params in zip(networks, configurations, strict=True)
    ]
    return [name if names.count(name) == 1 else f"{name} ({number + 1})" for number, name in enumerate(names)]
