"""The scores of networks: what each is called, where it is logged, and which values of it are better.

Whoever adds one writes an entry in METRICS and the function that it names; tables, figures, sweeps and reports have it
from here.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

# What a network is scored on: as a history and `sweep.metric` say it, in words, and as a run's single metrics say it.
DATA = {"train": ("training", "train"), "val": ("validation", "validation"), "test": ("test", "test")}


@dataclass(frozen=True)
class Metric:
    """A score, of a network as such (`accuracy`) or on some rows (`val/accuracy`)."""

    name: str  # as a history has it
    label: str  # in words, as in `validation accuracy`
    short_label: str  # for the head of a column, as in `val acc`
    logged_as: str  # the name of the single metric that a finished run has, as in `validation/accuracy`
    higher_is_better: bool  # the direction
    is_share: bool = False  # whether it is a share from 0 to 1, shown in per cent
    # whether sweeps, searches and `best:` may choose by it; otherwise it is reported of the test set
    is_compared: bool = True
    is_optional: bool = False  # whether it is measured only where `training.metrics` lists it
    # `module:name` of what computes it, `(targets, outputs) -> values` of the rows of a batch, tensors [n, ...] to a
    # tensor [n], whose mean is the score; empty where the code that scores has it built in
    function: str = ""
    # `module:name` of what computes it of all rows at once, `(targets, outputs) -> number`, arrays [n, ...]; in place
    # of `function` where the score is no mean over rows. It is measured on validation and test rows.
    of_all: str = ""
    tasks: tuple[str, ...] = ("classification",)  # of the networks that have it
    needs_classes: bool = False  # whether there is none of rows that have values instead of classes

    def rank(self, value: float) -> float:
        """Return a number that is smaller for a better value; what is no number comes last.

        Examples:
            >>> METRICS["accuracy"].rank(0.25), METRICS["loss"].rank(0.25), METRICS["loss"].rank(math.nan)
            (-0.25, 0.25, inf)
        """
        if math.isnan(value):
            return math.inf
        return -value if self.higher_is_better else value

    def best(self, values: Iterable[float]) -> int | None:
        """Find the position of the best value, the first of equals; None where there are no values.

        Examples:
            >>> METRICS["accuracy"].best([0.5, 0.75, 0.75]), METRICS["loss"].best([0.5, 0.75]), METRICS["loss"].best([])
            (1, 0, None)
        """
        ranks = [self.rank(value) for value in values]
        return min(range(len(ranks)), key=ranks.__getitem__, default=None)

    def on(self, data: str) -> "Metric":
        """Return this score on `train`, `val` or `test` rows.

        Examples:
            >>> METRICS["accuracy"].on("val").logged_as
            'validation/accuracy'
        """
        words, logged = DATA[data]
        return replace(
            self,
            name=f"{data}/{self.name}",
            label=f"{words} {self.label}",
            short_label=f"{data} {self.short_label}",
            logged_as=f"{logged}/{self.logged_as}",
        )

    def is_measured_for(self, task: str, has_classes: bool = True) -> bool:
        """Tell whether a network for this task has such a score, on rows with classes or without."""
        return task in self.tasks and (has_classes or not self.needs_classes)

    def values(self, targets: Any, outputs: Any) -> Any:
        """Compute the score of each row of a batch, [n], with `function`."""
        return _function(self.function)(targets, outputs)

    def value_of_all(self, targets: Any, outputs: Any) -> float:
        """Compute the score of all rows with `of_all`."""
        return float(_function(self.of_all)(targets, outputs))


def _function(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _listed(name: str, label: str, short_label: str, module: str, **more: Any) -> Metric:
    """A score that `training.metrics` may list: the function of its name in a module of `evaluation`."""
    function = f"{__package__}.evaluation.{module}:{name}"
    computed: dict[str, Any] = {"function": function} if module == "row_scores" else {"of_all": function}
    return Metric(name, label, short_label, name, is_optional=True, **computed, **more)


_LABELLED, _REBUILT = ("classification", "regression"), ("reconstruction",)
# What a score is of: predicted classes, of whatever network; probabilities; numbers.
_CLASSES: dict[str, Any] = {"module": "class_scores", "tasks": _LABELLED, "needs_classes": True}
_VALUES: dict[str, Any] = {"module": "value_scores", "tasks": ("regression",)}
_UP: dict[str, Any] = {"higher_is_better": True}
_DOWN: dict[str, Any] = {"higher_is_better": False}
_SHARE: dict[str, Any] = {"higher_is_better": True, "is_share": True}
# What a network costs beside its scores, in words; a search may weigh it (`sweep.objectives`), and less is better.
COSTS = {"parameters": "parameters", "seconds": "training seconds"}
# In the order in which the first that there is tells most.
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", "acc", "accuracy", True, is_share=True, tasks=_LABELLED, needs_classes=True),
        Metric("loss", "loss", "loss", "loss", False, tasks=(*_LABELLED, *_REBUILT)),
        Metric("mse", "mean squared error", "mse", "mse", False, is_compared=False, tasks=_REBUILT),
        Metric("psnr", "peak signal-to-noise ratio", "psnr", "psnr", True, is_compared=False, tasks=_REBUILT),
        _listed("f1_macro", "macro F1", "f1", **_CLASSES, **_SHARE),
        _listed("balanced_accuracy", "balanced accuracy", "balanced acc", **_CLASSES, **_SHARE),
        _listed("top_5_accuracy", "top-5 accuracy", "top 5 acc", "row_scores", **_SHARE),
        _listed("auc", "area under the ROC curve", "auc", **_CLASSES, **_UP),
        _listed("precision_macro", "macro precision", "precision", **_CLASSES, **_SHARE),
        _listed("recall_macro", "macro recall", "recall", **_CLASSES, **_SHARE),
        _listed("mcc", "Matthews' correlation", "mcc", **_CLASSES, **_UP),
        _listed("kappa", "Cohen's kappa", "kappa", **_CLASSES, **_UP),
        _listed("brier", "Brier score", "brier", "row_scores", **_DOWN),
        _listed("ece", "expected calibration error", "ece", "class_scores", **_DOWN),
        _listed("mae", "mean absolute error", "mae", **{**_VALUES, "module": "row_scores"}, **_DOWN),
        _listed("rmse", "root mean squared error", "rmse", **_VALUES, **_DOWN),
        _listed("r2", "coefficient of determination", "r2", **_VALUES, **_UP),
        _listed("mape", "mean absolute percentage error", "mape", **{**_VALUES, "module": "row_scores"}, **_DOWN),
    )
}


def chosen_by() -> tuple[Metric, ...]:
    """Return what epochs, runs and points may be chosen by, whatever the rows."""
    return tuple(metric for metric in METRICS.values() if metric.is_compared)


def compared(*data: str) -> tuple[Metric, ...]:
    """Return what points of a sweep may be compared by, on `val` and `test` rows unless others are named.

    Examples:
        >>> [metric.name for metric in compared() if not metric.is_optional]
        ['val/accuracy', 'val/loss', 'test/accuracy', 'test/loss']
    """
    return tuple(metric.on(each) for each in data or ("val", "test") for metric in chosen_by())


def score_beside(name: str, measured: Iterable[str]) -> Metric | None:
    """Choose the score of the test set to show beside what was compared: the same one, else the first there is.

    Args:
        name: of the score that was compared, as in `val/accuracy`; it is not shown twice.
        measured: names of the scores there are.

    Examples:
        >>> score_beside("val/loss", ["val/loss", "test/accuracy", "test/loss"]).name
        'test/loss'
    """
    there = {each.name: each for each in compared("test") if each.name in {*measured} - {name}}
    return there.get(f"test/{name.rpartition('/')[2]}", next(iter(there.values()), None))


def reported() -> list[str]:
    """Name what a study shows of each run, as it is logged: what is compared, and of the test set the rest."""
    rest = (metric.on("test") for metric in METRICS.values() if not metric.is_compared)
    return [metric.logged_as for metric in (*compared(), *rest)]


def computed_for(task: str, has_classes: bool, listed: Collection[str]) -> tuple[Metric, ...]:
    """Return the scores that have a function of their own: those that each network of a task has, and the listed ones.

    Args:
        task: of the network.
        has_classes: whether rows have classes.
        listed: names of those that are measured where a configuration asks for them.
    """
    having = [each for each in METRICS.values() if each.is_measured_for(task, has_classes)]
    computed = [each for each in having if each.function or each.of_all]
    return tuple(each for each in computed if not each.is_optional or each.name in listed)


def optional() -> tuple[Metric, ...]:
    """Return the scores that a configuration may ask for in `training.metrics`."""
    return tuple(metric for metric in METRICS.values() if metric.is_optional)


def metric_of(name: str) -> Metric:
    """Find the score of a name.

    Args:
        name: `accuracy`, or on some rows as a history or a run has it: `val/accuracy`, `validation/accuracy`.

    Raises:
        ValueError: there is none.
    """
    metric = known_metric(name)
    if metric is None:
        raise ValueError(f"Unknown metric {name!r}. Known: {', '.join(metric.name for metric in compared())}.")
    return metric


def known_metric(name: str) -> Metric | None:
    """Find the score of a name as `metric_of` does, or None."""
    rows, _, score = name.rpartition("/")
    data = next((data for data, names in DATA.items() if rows in (data, *names)), None)
    if score not in METRICS or (rows and data is None):
        return None
    return METRICS[score].on(data) if data else METRICS[score]


def is_share(name: str) -> bool:
    """Tell whether a score is a share from 0 to 1, shown in per cent; one that is not known is none."""
    metric = known_metric(name)
    return metric is not None and metric.is_share


def label_of(name: str) -> str:
    """Name a score in words, or return the name itself where it is not known."""
    metric = known_metric(name)
    return metric.label if metric else name


def short_label_of(name: str) -> str:
    """Return the head of a score's column, or the name itself where it is not known."""
    metric = known_metric(name)
    return metric.short_label if metric else name


def against(label: str, reference: float, metric: str, best: float | None) -> str:
    """Say what a published score is, and how far the best one lies from it.

    Args:
        label: whose the published score is.
        reference: that score.
        metric: what is measured; differences of shares are percentage points.
        best: to hold against it, or None. The per cent are those of the published score.

    Examples:
        >>> against("Hinton", 0.9847, "val/accuracy", 0.9828)
        'Hinton: 98.47 %; the best is 0.19 points (0.19 %) below it'
        >>> against("Hinton", 0.05, "val/loss", None)
        'Hinton: 0.05'
    """
    unit, scale = (" %", 100.0) if is_share(metric) else ("", 1.0)
    head = f"{label}: {scale * reference:.6g}{unit}"
    if best is None:
        return head
    if math.isclose(best, reference, rel_tol=1e-9, abs_tol=1e-12):
        return f"{head}; the best equals it"
    gap = abs(scale * (best - reference))
    far = f"{gap:.2f}" if unit and gap >= 0.01 else f"{gap:.4f}" if not unit and gap >= 0.001 else f"{gap:.2g}"
    share = abs(best / reference - 1) if reference else 0.0
    per_cent = f" ({100 * share:.2f} %)" if share >= 1e-4 else f" ({100 * share:.2g} %)" if reference else ""
    return (
        f"{head}; the best is {far}{' points' if unit else ''}{per_cent} {'below' if best < reference else 'above'} it"
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Sort names of scores as figures show them: shares first, otherwise by name.

    Examples:
        >>> in_order({"mse", "loss", "accuracy"})
        ['accuracy', 'loss', 'mse']
    """
    return sorted(names, key=lambda name: (not is_share(name), name))
