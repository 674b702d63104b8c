"""The trainings of a decision: round by round, each planned from what the rounds before it came to."""

import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from statistics import fmean

from deeplab.errors import UserError
from deeplab.evaluation.paired_sequence import half_width
from deeplab.metrics import metric_of
from deeplab.sweep.decision.forecast import seeds_needed
from deeplab.sweep.decision.plan import DecisionPlan
from deeplab.sweep.decision.result import Decision, decide, history, in_words
from deeplab.sweep.decision.rounds import Pair, planned_seeds
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.parent_run import begin_parent
from deeplab.sweep.plan import Plan, Trial
from deeplab.sweep.results.summary import TrialScores, summarise
from deeplab.sweep.results.write import log_outcome, read_scores
from deeplab.sweep.run import SweepResult, carry_out
from deeplab.sweep.source import PlannedTrial
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import DECISION_TAG, MARGIN_TAG, POINTS_TAG, REPLICATES_TAG, TRIALS_TAG

FROZEN_FILE, RESULT_FILE = "decide.json", "decision.json"


def run_decision(
    plan: DecisionPlan, observer: SweepObserver, fresh: bool = False
) -> SweepResult[DecisionPlan, Decision]:
    """Train until every pair is decided or the budget is used up; for the rest see `carry_out`."""
    return carry_out(DecisionSource(plan, observer), observer, fresh)


class DecisionSource:
    """Trains every point with as many seeds as a first answer takes, then with one more where something is open."""

    noun, folder = "decision", "decisions"

    def __init__(self, plan: DecisionPlan, observer: SweepObserver) -> None:
        """Begin with nothing done; the observer is told what is known after each round."""
        self.plan, self._observer = plan, observer
        self._logged_as = metric_of(plan.metric).logged_as
        self._trials: list[Trial] = []  # that were asked for, by number
        self._asked: set[tuple[int, int]] = set()  # points and seeds
        self._folds: dict[tuple[int, int], dict[int, float]] = {}  # of point and seed, scores of the finished folds
        self._runs: Mapping[str, Run] = {}
        self._scores: list[dict[int, float]] = [{} for _ in plan.points]
        self._waiting: deque[int] = deque()
        self._failed: dict[int, str] = {}
        self._known: list[Pair] = []
        self._began = time.monotonic()

    @property
    def finished(self) -> int:
        """Trials that are done and kept."""
        return sum(map(len, self._folds.values()))

    @property
    def failed(self) -> dict[str, str]:
        """Why trials failed, by name."""
        return {self._name(self._trials[number]): why for number, why in sorted(self._failed.items())}

    @property
    def failure(self) -> str:
        """How many trials failed, in words."""
        return f"{len(self._failed)} of {len(self._trials)} trials failed"

    @property
    def standing(self) -> str:
        """How far it is."""
        return f"{self.finished} trials are finished and kept"

    @property
    def ended(self) -> str:
        """Nothing: what is open is a part of the decision."""
        return ""

    def opened(self, store: Store, before: Run | None) -> AbstractContextManager[object]:
        """Refuse to go on with other points, data or engines."""
        if before is not None:
            content = read_artifact(store, before, FROZEN_FILE)
            if content is None or json.loads(content) != json.loads(json.dumps(self.plan.frozen)):
                raise UserError(
                    f"What the decision {before.label} compares has changed since it began: its configuration, the "
                    "data, or the engine. Put it back to go on, or begin anew: --fresh."
                )
        return nullcontext()

    def begin(self, store: Store) -> RunLog:
        """Create the parent run."""
        plan = self.plan
        axes = {axis.key: ", ".join(axis.values) for axis in plan.grid.axes}
        tags = {POINTS_TAG: str(len(plan.points)), TRIALS_TAG: str(plan.count), MARGIN_TAG: repr(plan.question.margin)}
        return begin_parent(store, plan, axes, tags, {FROZEN_FILE: json.dumps(plan.frozen)})

    def survey(self, log: RunLog, runs: Mapping[str, Run]) -> None:
        """Take down what is in the store already."""
        log.set_tag(MARGIN_TAG, repr(self.plan.question.margin))  # which may be another now
        self._runs = runs
        self._plan_rounds()

    def next_trial(self) -> PlannedTrial | None:
        """The next one of the round; when a round has ended, the first one of the next."""
        is_over = self.plan.hours is not None and time.monotonic() - self._began > 3600 * self.plan.hours
        if is_over or self._failed or not self._waiting:
            return None
        number = self._waiting.popleft()
        trial = self._trials[number]
        run = self._runs.get(trial.identity)
        previous = None if run is None else run.id
        settings = self.plan.points[trial.point]
        return PlannedTrial(number, self._name(trial), trial, settings, self.plan.overrides, previous)

    def should_continue(self, event: TrialEvent) -> bool:
        """Nothing is pruned."""
        return True

    def take(self, event: TrialEvent) -> TrialEvent:
        """Take down how a trial ended; the last one of a round shows what the next one is."""
        if event.kind == "finished":
            self.take_late(event)
            self._plan_rounds()
        else:
            self._failed[event.number] = event.text
        return event

    def take_late(self, event: TrialEvent) -> None:
        """Take down a score."""
        self._score(self._trials[event.number], event.metrics[self._logged_as])

    def sum_up(self, log: RunLog, store: Store, runs: Mapping[str, Run]) -> Decision:
        """Write tables, figures, and what is known, into the parent run."""
        plan = self.plan
        folds = plan.sweep.folds  # of a seed that lacks some, none counts
        whole = [trial for trial in self._trials if trial.replicate // folds in self._scores[trial.point]]
        finished = [(trial, runs[trial.identity]) for trial in whole if trial.identity in runs]
        scores = [read_scores(trial, run) for trial, run in finished if run.status == "FINISHED"]
        decision = decide(plan, self._scores, sum(each.seconds for each in scores))
        if scores:
            self._log_points(log, store, scores, runs)
        log.log_text(RESULT_FILE, decision.to_json())
        log.set_tag(DECISION_TAG, decision.sentence)
        log.set_tag(TRIALS_TAG, str(decision.trainings))
        log.set_tag(REPLICATES_TAG, str(max(decision.seeds, default=0)))
        if plan.sweep.run.config.tracking.plots != "none":
            log.log_bytes("plots/decision.png", decision_figure(plan, decision))
        return decision

    def _log_points(self, log: RunLog, store: Store, scores: Sequence[TrialScores], runs: Mapping[str, Run]) -> None:
        """Write what every sweep writes, with intervals that may be looked at after every seed."""
        plan = self.plan
        most, folds = max(1, *map(len, self._scores)), plan.sweep.folds
        summary = summarise(plan.points, scores, plan.metric, most * folds, folds, plan.question.margin)
        as_sweep = replace(plan.sweep, replicates=most)
        log_outcome(
            log,
            store,
            Plan(plan.name, plan.overrides, plan.grid.axes, plan.points, as_sweep, tuple(self._trials)),
            summary,
            runs,
        )

    def _plan_rounds(self) -> None:
        """Ask for every training of the rounds so far that was not asked for yet, taking down what is finished."""
        while True:
            seeds = planned_seeds(self._scores, self.plan.question, self.plan.most)
            new = [
                (point, seed) for point, each in enumerate(seeds) for seed in each if (point, seed) not in self._asked
            ]
            if not new:
                return
            self._tell()
            kept = [self._ask(point, seed) for point, seed in sorted(new, key=lambda each: (each[1], each[0]))]
            if not any(kept):
                return

    def _ask(self, point: int, seed: int) -> bool:
        """Ask for a point with a seed, every fold of it; returns whether the store has it already."""
        self._asked.add((point, seed))
        for fold in range(self.plan.sweep.folds):
            trial = self.plan.trial(point, seed, fold)
            self._trials.append(trial)
            run = self._runs.get(trial.identity)
            if run is not None and run.status == "FINISHED":
                self._score(trial, run.metrics[self._logged_as])
            else:
                self._waiting.append(len(self._trials) - 1)
        return seed in self._scores[point]

    def _score(self, trial: Trial, score: float) -> None:
        """Take down the score of a training, and with the last fold of a seed their mean."""
        seed, fold = divmod(trial.replicate, self.plan.sweep.folds)
        scores = self._folds.setdefault((trial.point, seed), {})
        scores[fold] = score
        if len(scores) == self.plan.sweep.folds:
            self._scores[trial.point][seed] = fmean(scores[each] for each in range(len(scores)))

    def _tell(self) -> None:
        """Say where every pair stands, when a round has ended."""
        if not self._trials:
            return
        decision = decide(self.plan, self._scores, 0.0)
        if list(decision.pairs) != self._known:
            self._known = list(decision.pairs)
            self._observer.told([pair_line(self.plan, decision, pair) for pair in decision.pairs])

    def _name(self, trial: Trial) -> str:
        return self.plan.trial_name(trial)


def pair_line(plan: DecisionPlan, decision: Decision, pair: Pair) -> str:
    """Where a pair stands, in a line; how many seeds it takes if mean and spread stay as they are."""
    names = f"{decision.names[pair.first]} against {decision.names[pair.second]}"
    found, word = pair.interval, in_words(pair.verdict, decision.margin)
    if found is None:
        return f"  {names}: no interval yet, {pair.seeds} seeds, {word}"
    if pair.verdict == "undecided":
        comparisons = plan.question.comparisons
        deviation = (found.high - found.low) / 2 / half_width(pair.seeds, comparisons)
        needed = seeds_needed(found.mean, deviation, decision.margin, comparisons, plan.most)
        word += f"; {f'about {needed}' if needed else f'more than {plan.most}'} would tell"
    return f"  {names}: {found.mean:+.4g} [{found.low:+.4g}, {found.high:+.4g}], {pair.seeds} seeds, {word}"


def decision_figure(plan: DecisionPlan, decision: Decision) -> bytes:
    """The figure of a decision as PNG."""
    # Here, because they import Matplotlib.
    from deeplab.plots.style import to_png
    from deeplab.plots.sweep import decision as figure

    shown = []
    for pair in decision.pairs:
        looks = history(plan, decision, pair)
        intervals = [interval for _, interval in looks]
        shown.append(
            figure.Shrinking(
                decision.names[pair.first],
                decision.names[pair.second],
                in_words(pair.verdict, decision.margin),
                [count for count, _ in looks],
                [each.mean for each in intervals],
                [each.low for each in intervals],
                [each.high for each in intervals],
            )
        )
    return to_png(figure.draw(shown, decision.margin, decision.metric, name=plan.name))
