"""What is compared: groups of trainings that differ in nothing but their seeds, and where they come from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeplab.choice import TEST
from deeplab.config.identity import with_added_keys
from deeplab.config.trust import check_overrides
from deeplab.errors import UserError
from deeplab.metrics import known_metric
from deeplab.study.config import FILE, StudyEntry, read_study
from deeplab.study.entries import measure
from deeplab.study.results import Results
from deeplab.tracking.artifacts import check_code
from deeplab.tracking.field_names import validated_on_test
from deeplab.tracking.find import all_runs, run_by_id
from deeplab.tracking.numbers import whole_of
from deeplab.tracking.params import flatten
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import DATA_TAG, DECISION_TAG, PARENT_TAG, POINT_TAG

SHORT_DATA = 12  # letters of a fingerprint that a study keeps
_TRAINING = re.compile(r"( #\d+)?( fold \d+)?$")  # of a point, behind its name


@dataclass(frozen=True)
class Member:
    """A finished training, or whatever else a person named."""

    run_id: str
    run: Run | None  # None where the store does not have it, as of a study that was carried out elsewhere
    seed: str | None  # None where it has none, as an evaluation
    scores: Mapping[str, float]  # as a finished run has them: `validation/accuracy`, `test/accuracy`
    on_test: bool  # whether it was validated on the test set
    seconds: float | None  # of the training
    fold: str | None = None  # that it held out, of cross-validation


@dataclass(frozen=True)
class Group:
    """Trainings of one configuration."""

    name: str
    members: tuple[Member, ...]  # at least one
    data: str  # the beginning of the data set's SHA-256, empty where it is not known
    params: Mapping[str, str]  # configuration, of the first member
    metric: str | None = None  # score that its sweep chooses by, as in `accuracy`, or None
    is_run: bool = False  # whether it is a run that was named as such
    has_grown: bool = False  # whether it got seeds until it was told apart from others, by `deeplab decide`

    @property
    def dataset(self) -> str:
        """Kind of its data set, as in `digits`."""
        return self.params.get("dataset.kind", "")

    @property
    def folds(self) -> int:
        """How many folds its trainings held out in turn; 1 where they held out no others."""
        several = len({member.fold for member in self.members}) > 1
        return whole_of(self.params, "validation.folds") if several else 1

    @property
    def on_test(self) -> bool:
        """Whether any of its trainings was validated on the test set."""
        return any(member.on_test for member in self.members)

    def values(self, name: str) -> list[float]:
        """Return a score of each member, under the name that a run has it by; none where any lacks it."""
        if any(name not in member.scores for member in self.members):
            return []
        return [member.scores[name] for member in self.members]


def group_of_run(run: Run) -> Group:
    """Make the group of a single run."""
    return Group(run.name, (_member(run),), run.tags.get(DATA_TAG, "")[:SHORT_DATA], run.params, is_run=True)


def groups_of_sweep(store: Store, run: Run) -> list[Group]:
    """Make a group of each point of a sweep, or of each draw of a search, of what is finished.

    Raises:
        UserError: nothing is.
    """
    points: dict[tuple[int, str], list[Run]] = {}
    for trial in reversed(all_runs(store, (PARENT_TAG, run.id))):
        if trial.status == "FINISHED":
            point = (whole_of(trial.tags, POINT_TAG, "0"), _TRAINING.sub("", trial.name))
            points.setdefault(point, []).append(trial)
    if not points:
        raise UserError(f"None of the trials of the sweep {run.label} is finished.")
    metric = run.params.get("sweep.metric", "").rpartition("/")[2] or None
    if metric and known_metric(metric) is None:
        check_code(store, run)  # as of code of one's own; another score would tell something else
    has_grown = DECISION_TAG in run.tags
    return [_of_runs(name, points[number, name], metric, has_grown) for number, name in sorted(points)]


def groups_of_study(folder: Path, store: Store | None) -> list[Group]:
    """Make a group of each entry of a study, of a sweep of each point, of what is finished; noise is left out.

    Args:
        folder: of the study.
        store: that may have its runs, or None.

    Raises:
        UserError: the study cannot be read, or nothing is finished.
    """
    config = read_study(folder)
    for name, entry in config.entries.items():
        check_overrides(entry.run or entry.sweep or (), f"{folder / FILE}: entries.{name}")
    groups = []
    for each in measure(config, Results(folder).rows):
        known = each.configurations
        rows = [row for row in each.rows if row.configuration in known]
        for point in dict.fromkeys(row.point for row in rows):
            ours = [row for row in rows if row.point == point]
            members = tuple(
                _of_result(row.run, row.scores, row.seconds, known[row.configuration], store) for row in ours
            )
            params = flatten(with_added_keys(known[ours[0].configuration]))
            metric = each.chosen.metric.rpartition("/")[2] if each.chosen else None
            groups.append(Group(_label(each.name, each.entry, point), members, ours[0].data, params, metric))
    if not groups:
        raise UserError(f"None of the trainings of the study {folder} is finished: deeplab study {folder} trains them.")
    return groups


def _label(name: str, entry: StudyEntry, point: str) -> str:
    return f"{name}, {point}" if entry.sweep and point else name


def _of_runs(name: str, runs: Sequence[Run], metric: str | None, has_grown: bool) -> Group:
    data, params = runs[0].tags.get(DATA_TAG, "")[:SHORT_DATA], runs[0].params
    return Group(name, tuple(map(_member, runs)), data, params, metric, has_grown=has_grown)


def _member(run: Run) -> Member:
    seconds = run.metrics.get("time/training_seconds")
    seed, fold = run.params.get("seed"), run.params.get("validation.fold")
    return Member(run.id, run, seed, _scores(run.metrics), validated_on_test(run), seconds, fold)


def _of_result(
    run_id: str, scores: Mapping[str, float], seconds: float, values: Mapping[str, Any], store: Store | None
) -> Member:
    on_test = values["validation"]["kind"] == TEST
    run = run_by_id(store, run_id) if store else None
    fold = values["validation"].get("fold")
    return Member(run_id, run, str(values["seed"]), _scores(scores), on_test, seconds, fold and str(fold))


def _scores(metrics: Mapping[str, float]) -> dict[str, float]:
    """Keep what a finished run is scored by."""
    known = {name: known_metric(name) for name in metrics if "/" in name}
    return {name: metrics[name] for name, metric in known.items() if metric and metric.logged_as == name}
