"""Decisions: which seeds are trained, what is said at the end, and that a kill changes neither."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.errors import Interrupted, UserError
from deeplab.evaluation.paired_sequence import paired_interval
from deeplab.plots.sweep import decision as figure
from deeplab.report.decision import decision_table, skewness
from deeplab.sweep import run
from deeplab.sweep.decision.forecast import seeds_needed
from deeplab.sweep.decision.plan import Budget, DecisionPlan, checked_decision, plan_decision, seed_of
from deeplab.sweep.decision.result import Decision, decide, in_words
from deeplab.sweep.decision.rounds import Question, compare, first_look, planned_seeds
from deeplab.sweep.decision.source import pair_line, run_decision
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.replicates import replicate_seed
from deeplab.tracking.find import all_runs
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.check import PointCheck

Cli = Callable[..., tuple[int, str, str]]
WORDS = ("model=mlp_64_64", "l2=1e-6,1e-2", "dataset.limit=60", "tracking.plots=none", "training.threads=1")


def drawn(effects: Sequence[float], seed: int, most: int = 40) -> list[list[float]]:
    """Scores of each point by seed: an effect, what the seed does to all, and what it does to each."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.01, most)
    return [(effect + common + rng.normal(0, 0.004, most)).tolist() for effect in effects]


def trained(table: Sequence[Sequence[float]], question: Question, most: int, chance: random.Random) -> list[set[int]]:
    """Train what is planned, one at a time in any order, until nothing is."""
    scores: list[dict[int, float]] = [{} for _ in table]
    while True:
        seeds = planned_seeds(scores, question, most)
        missing = [(point, seed) for point, each in enumerate(seeds) for seed in each if seed not in scores[point]]
        if not missing:
            return seeds
        point, seed = chance.choice(missing)
        scores[point][seed] = table[point][seed]


@pytest.mark.parametrize("effects", [(0.9, 0.9), (0.9, 0.91, 0.95), (0.9, 0.9, 0.9, 0.93, 0.93)])
def test_the_same_seeds_are_trained_in_whatever_order_they_end(effects: Sequence[float]) -> None:
    question = Question(len(effects), higher_is_better=True, margin=0.004)
    for seed in range(5):
        table = drawn(effects, seed)
        ways = [trained(table, question, 40, random.Random(order)) for order in range(4)]
        assert all(way == ways[0] for way in ways)


def test_seeds_are_added_only_where_the_answer_is_open() -> None:
    table = drawn((0.80, 0.90, 0.901), seed=1)
    seeds = trained(table, Question(3, True), 25, random.Random(0))
    first = first_look(3)
    assert seeds[0] == set(range(len(seeds[0]))) and len(seeds[0]) <= first + 4, "far behind after a few"
    assert len(seeds[1]) == len(seeds[2]) == 25, "these two are too near each other"


def test_a_pair_is_what_the_intervals_say_of_the_seeds_that_both_have() -> None:
    table = drawn((0.90, 0.93), seed=3, most=9)
    scores = [dict(enumerate(table[0])), dict(enumerate(table[1][:7]))]
    (pair,) = compare(scores, Question(2, higher_is_better=True))
    differences = [table[1][seed] - table[0][seed] for seed in range(7)]
    assert (pair.first, pair.second, pair.seeds) == (1, 0, 7)
    assert pair.interval == paired_interval(differences)
    assert pair.verdict == "better"
    (pair,) = compare(scores, Question(2, higher_is_better=False))
    assert (pair.first, pair.verdict) == (0, "better"), "of a loss the smaller one"
    (pair,) = compare(scores, Question(2, higher_is_better=True, base=0))
    assert (pair.first, pair.verdict) == (0, "worse")
    (pair,) = compare(scores, Question(2, higher_is_better=True, margin=0.2))
    assert pair.verdict == "equal"


def test_a_line_says_how_many_seeds_an_open_pair_may_take() -> None:
    plan = decision(margin=0.0001)
    table = drawn((0.90, 0.905), seed=3, most=7)
    scores = [dict(enumerate(each)) for each in table]
    found = decide(plan, scores, 0.0)
    differences = np.subtract(*table[::-1])
    needed = seeds_needed(differences.mean(), differences.std(ddof=1), 0.0001, 1, plan.most)
    assert pair_line(plan, found, found.pairs[0]).endswith(f", 7 seeds, undecided; about {needed} would tell")
    few = decision(margin=0.0001, most=7)
    assert pair_line(few, found, found.pairs[0]).endswith(", 7 seeds, undecided; more than 7 would tell")


def test_scores_that_are_the_same_at_every_seed_are_equal() -> None:
    table = [[0.5, 0.6, 0.7, 0.8, 0.9] * 4] * 2
    seeds = trained(table, Question(2, True), 20, random.Random(0))
    assert [len(each) for each in seeds] == [first_look(1)] * 2
    (pair,) = compare([dict(enumerate(each[:5])) for each in table], Question(2, True))
    assert (pair.verdict, pair.difference) == ("equal", 0.0)


def test_seeds_are_fresh_and_the_same_at_every_point() -> None:
    ours = {seed_of(0, number) for number in range(50)}
    assert len(ours) == 50
    assert ours.isdisjoint(replicate_seed(0, number) for number in range(50))
    plan = decision()
    assert plan.trial(0, 3).values["seed"] == plan.trial(1, 3).values["seed"] == seed_of(0, 3)


@pytest.mark.parametrize(
    ("words", "given", "message"),
    [
        (WORDS, {}, "Without a margin equal points are trained for ever. Give --margin"),
        (WORDS, {"margin": -0.1}, "--margin must be a number from 0, got -0.1."),
        (WORDS, {"margin": float("nan")}, "--margin must be a number from 0, got nan."),
        (WORDS, {"budget": Budget(hours=0)}, "--hours must be a number above 0, got 0."),
        (WORDS, {"budget": Budget(most=0)}, "--max-replicates must be at least 5"),
        (WORDS, {"margin": 0.1, "against": "l2=2"}, "Unknown point 'l2=2'"),
        (("model=mlp_64_64",), {"margin": 0.1}, "There is nothing to decide: give a key several values"),
        ((*WORDS, "replicates=3"), {"margin": 0.1}, "replicates: deeplab decide finds out itself"),
        ((*WORDS, "validation=none"), {"margin": 0.1}, "needs validation rows"),
        (("l2=interval(1e-6,1e-2)",), {"margin": 0.1}, "l2 is given an interval, which is no list of points"),
        ((*WORDS, "sweep.stop=paired"), {"margin": 0.1}, "deeplab decide ends points by itself"),
        ((*WORDS, "sweep.metric=val/acuracy"), {"margin": 0.1}, "sweep.metric"),
    ],
)
def test_what_cannot_be_decided_is_one_line(words: Sequence[str], given: dict[str, Any], message: str) -> None:
    asked = {"margin": None, "against": None, "budget": Budget(), **given}
    with pytest.raises(UserError) as caught:
        plan_decision(words, None, asked["margin"], asked["against"], asked["budget"])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("model=mlp_64_64,autoencoder",),
            "model=autoencoder: A network for reconstruction cannot be compared with one for classification.",
        ),
        (
            ("experiment=l2_weight_decay,mnist_dense_relu",),
            "sweep.grid.l2 must be the same at every point; it is null here, linspace(1e-6,1e-3,5) before.",
        ),
    ],
)
def test_points_without_a_common_score_are_refused_by_name(words: Sequence[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        checked_decision(plan_decision(words, None, 0.01, None, Budget()))
    assert message in str(caught.value)


def decision(*more: str, margin: float | None = 0.01, most: int | None = None) -> DecisionPlan:
    plan = plan_decision([*WORDS, *more], None, margin, None, Budget(most=most))
    checks = tuple(PointCheck("keras", number, "0") for number in range(len(plan.points)))
    return DecisionPlan(**{**vars(plan), "checks": checks})


class Pretended(SweepObserver):
    """A launcher that pretends to train two at a time, and ends like Ctrl-C after so many."""

    capacity = 2

    def __init__(self, store: Store, most: int, gap: float) -> None:
        self._store, self._most, self._gap = store, most, gap
        self.names: list[str] = []
        self.lines: list[str] = []
        self._events: list[TrialEvent] = []

    def told(self, lines: Sequence[str]) -> None:
        self.lines += lines

    def submit(self, job: TrialJob) -> None:
        if len(self.names) == self._most:
            self._events.append(TrialEvent(job.number, "killed"))
            raise KeyboardInterrupt
        self.names.append(job.name)
        tags = {**job.tags, "deeplab.kind": "trial", "deeplab.dataset_sha256": "0", "mlflow.parentRunId": job.parent_id}
        log = RunLog.begin(self._store, job.name, job.values, tags, None, {})
        rng = np.random.default_rng([job.values["seed"], job.values["validation"].get("fold") or 0])
        score = 0.9 + 0.01 * rng.normal() + (self._gap if job.values["l2"] > 1e-3 else 0.003 * rng.normal())
        metrics = {"validation/accuracy": score, "test/accuracy": score / 2, "time/training_seconds": 1.0}
        log.metrics(1, metrics)
        log.end("FINISHED")
        self._events.append(TrialEvent(job.number, "finished", run_id=log.run_id, metrics=metrics))

    def wait(self, seconds: float) -> Iterator[TrialEvent]:
        events, self._events = self._events[::-1], []
        return iter(events)

    def answer(self, answer: ContinueReply) -> None: ...

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


def carried_out(
    monkeypatch: pytest.MonkeyPatch, plan: DecisionPlan, most: int = 999, gap: float = 0.02
) -> tuple[Pretended, Decision]:
    launcher = Pretended(open_store(compose([]).config.tracking), most, gap)
    monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
    return launcher, run_decision(plan, launcher).summary


def test_a_decision_goes_on_after_an_end_from_outside_with_the_same_seeds_and_sentence(
    folder: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = decision()
    for most in (3, 4):
        with pytest.raises(Interrupted, match="trials are finished and kept"):
            carried_out(monkeypatch, plan, most)
    _, found = carried_out(monkeypatch, plan)
    launcher, again = carried_out(monkeypatch, plan)
    assert (launcher.names, again) == ([], found), "what is decided is not trained again"
    (folder / "other").mkdir()
    (folder / "other" / "mlflow.db").write_bytes(empty_database.read_bytes())
    monkeypatch.chdir(folder / "other")
    launcher, undisturbed = carried_out(monkeypatch, plan)
    assert undisturbed == found
    assert found.is_decided
    assert found.sentence.startswith("l2=0.01 is better than l2=1e-06 in validation accuracy: +0.0")
    assert len(launcher.names) == found.trainings < 30
    assert any("no interval yet" not in line and "undecided" in line for line in launcher.lines) or found.seeds[0] == 5


def test_of_folds_a_seed_is_decided_by_the_mean_once_all_are_there(
    folder: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = decision("validation=kfold", "validation.folds=3", "dataset.image_size=8")
    with pytest.raises(Interrupted, match="4 trials are finished and kept"):
        carried_out(monkeypatch, plan, 4)
    launcher, found = carried_out(monkeypatch, plan, gap=0.02)
    assert launcher.names[:2] == ["l2=0.01 #1 fold 2", "l2=0.01 #1 fold 3"]
    assert found.is_decided
    assert (found.folds, found.trainings) == (3, 3 * sum(found.seeds))
    assert len(launcher.names) == found.trainings - 4
    assert "in validation accuracy, the mean of 3 folds" in found.sentence
    store = open_store(compose([]).config.tracking)
    (parent,) = all_runs(store, ("deeplab.kind", "sweep"))
    scores: dict[tuple[str, str], list[float]] = {}
    for each in all_runs(store, ("mlflow.parentRunId", parent.id)):
        scores.setdefault((each.params["l2"], each.params["seed"]), []).append(each.metrics["validation/accuracy"])
    for l2, point in (("1e-06", 0), ("0.01", 1)):
        for number, score in found.scores[point].items():
            assert score == pytest.approx(np.mean(scores[l2, str(seed_of(0, number))]))
    lines = (Path(parent.artifact_uri.removeprefix("file://")) / "points.csv").read_text().splitlines()
    assert lines[1].split(",")[:4] == ["1", "1e-06", str(3 * found.seeds[0]), str(3 * max(found.seeds))]
    (pair,) = found.pairs
    assert lines[1].endswith("worse") and pair.verdict == "better"


def test_differences_that_are_plainly_skewed_are_told() -> None:
    lucky, even = dict(enumerate([0.9] * 9 + [0.1])), dict(enumerate([0.5, 0.51] * 5))
    pairs = tuple(compare([lucky, even], Question(2, True)))
    told = Decision(("a", "b"), "val/accuracy", 0.0, pairs, (10, 10), (lucky, even), 1.0).to_json()
    (warning,) = skewness(told)
    assert warning.is_warning
    assert warning.text.startswith("The differences of a and b are plainly skewed")
    pairs = tuple(compare([even, even], Question(2, True)))
    assert not list(skewness(Decision(("a", "b"), "val/accuracy", 0.0, pairs, (10, 10), (even, even), 1.0).to_json()))


def test_an_experiment_says_which_points_there_are_and_not_how_often_they_are_trained() -> None:
    plan = plan_decision(["experiment=l2_weight_decay"], None, 0.002, None, Budget())
    assert [float(settings["l2"]) for settings in plan.points] == pytest.approx(
        [1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3], rel=0.01
    )
    assert (plan.sweep.replicates, plan.count) == (1, 5 * first_look(10))


def test_a_larger_budget_and_another_margin_go_on_with_what_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, found = carried_out(monkeypatch, decision(margin=None, most=6), gap=0.0)
    assert (found.is_decided, len(launcher.names)) == (False, 12)
    launcher, found = carried_out(monkeypatch, decision(margin=0.01), gap=0.0)
    assert found.pairs[0].verdict == "equal"
    assert "are equal within 0.01 in validation accuracy" in found.sentence
    assert not set(launcher.names) & {f"l2=0.01 #{number}" for number in range(1, 7)}
    store = open_store(compose([]).config.tracking)
    (parent,) = (each for each in all_runs(store) if each.tags["deeplab.kind"] == "sweep")
    assert parent.status == "FINISHED"
    assert parent.tags["deeplab.decision"] == found.sentence
    assert parent.tags["deeplab.trials"] == str(found.trainings)


def test_other_data_are_no_reason_to_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried_out(monkeypatch, decision(margin=None, most=5))
    plan = decision(margin=None, most=5)
    other = DecisionPlan(**{**vars(plan), "checks": (PointCheck("keras", 1, "other data"),) * 2})
    with pytest.raises(UserError, match="What the decision .* compares has changed since it began"):
        carried_out(monkeypatch, other)


def test_what_is_stored_is_a_table_of_pairs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = carried_out(monkeypatch, decision("model=mlp_64_64", "optimizer=adam,sgd", margin=None, most=8))
    stored = json.loads(found.to_json())
    assert stored["trainings"] == sum(point["seeds"] for point in stored["points"])
    assert len(stored["pairs"]) == 3
    table = decision_table(found.to_json(), "Decided")
    assert [row[-1] for row in table.rows] == [in_words(pair.verdict, 0.0) for pair in found.pairs]


def test_the_figure_shows_every_interval_and_the_margin() -> None:
    pair = figure.Shrinking(
        "a", "b", "equal within 0.05", [5, 6, 7], [0.01, 0.0, 0.0], [-0.2, -0.1, -0.02], [0.2, 0.1, 0.02]
    )
    nothing = figure.Shrinking("c", "d", "undecided", [], [], [], [])
    drawn_figure = figure.draw([pair, nothing], 0.05, "val/accuracy", name="x")
    panel, empty = drawn_figure.axes
    assert panel.get_title(loc="left") == "a against\nb"
    assert [text.get_text() for text in panel.texts] == ["equal within 0.05"]
    assert -0.3 <= panel.get_ylim()[0] < -0.2 and 0.2 < panel.get_ylim()[1] <= 0.3
    assert [text.get_text() for text in empty.texts] == ["undecided", "too few seeds for an interval"]
    once = figure.Shrinking("a", "b", "better", [6], [0.2], [0.1], [0.3])
    (panel,) = figure.draw([once], 0.05, "val/accuracy", name="x").axes
    assert [tick for tick in panel.get_xticks() if 5.5 <= tick <= 6.5] == [6], "seeds are whole"
    many = figure.draw([pair] * 12, 0.0, "val/loss", name="x")
    assert "8 of 12 pairs" in many.get_suptitle()


def test_the_command_ends_with_3_where_something_is_undecided(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deeplab.cli.commands import decide as command

    monkeypatch.setattr(command, "checked_decision", lambda plan: decision(margin=None, most=5))
    launcher = Pretended(open_store(compose([]).config.tracking), 99, 0.0)
    monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
    status, out, err = cli("decide", *WORDS, "--max-replicates", "5", "--json")
    assert (status, err) == (3, "")
    assert json.loads(out)["decided"] is False
    status, out, _ = cli("decide", *WORDS, "--max-replicates", "5")
    assert status == 3
    assert "To go on: the same command with more --hours or --max-replicates." in out
    status, out, _ = cli("decide", *WORDS, "--max-replicates", "5", "--dry-run")
    assert status == 0
    assert "About " in out and "Nothing was trained." in out, "ten finished runs tell what it may take"
    runs = all_runs(open_store(compose([]).config.tracking))
    sweep = next(each.id for each in runs if "deeplab.decision" in each.tags)
    assert cli("report", sweep, "--out", "r.md")[0] == 0
    page = Path("r.md").read_text()
    assert "Decision" in page and "valid however often they are looked at" in page
    assert "corrected for all pairs" not in page
