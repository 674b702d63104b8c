"""Points whose replicates are worse than those of the best point, seed by seed."""

import math
import warnings
from collections.abc import Mapping
from statistics import fmean

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import WilcoxonPruner
from optuna.trial import TrialState, create_trial

from deeplab.metrics import Metric


class Pairs:
    """Compares the replicates of a point with those of the best one by Wilcoxon's signed ranks, as Optuna does.

    With its threshold of 0.1 no point ends before its fourth replicate.
    """

    def __init__(self, metric: Metric) -> None:
        """Know of no point yet."""
        self._metric = metric
        self._best: Mapping[int, float] = {}

    def add(self, scores: Mapping[int, float]) -> None:
        """Take down the scores of a point, by replicate, of which none is missing."""
        mean, rank = fmean(scores.values()), self._metric.rank
        if math.isfinite(mean) and (not self._best or rank(mean) < rank(fmean(self._best.values()))):
            self._best = dict(scores)

    def is_hopeless(self, scores: Mapping[int, float]) -> bool:
        """Whether a point with these scores so far is worse than the best one."""
        if not self._best or len(scores) < 2:
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            pruner = WilcoxonPruner()
        study = optuna.create_study(direction="maximize" if self._metric.higher_is_better else "minimize")
        study.add_trial(create_trial(value=fmean(self._best.values()), intermediate_values=dict(self._best)))
        return pruner.prune(study, create_trial(state=TrialState.RUNNING, intermediate_values=dict(scores)))
