"""Confirmations: which points are trained again, with which seeds, what is said, and that a kill changes nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.sweep.test_decision import Pretended

from deeplab.config.compose import compose
from deeplab.errors import Interrupted, UserError
from deeplab.report.decision import confirmation_parts, confirmed
from deeplab.report.page import Table, Text
from deeplab.runs.pack import together
from deeplab.sweep import confirm, run
from deeplab.sweep.budget import Budget
from deeplab.sweep.confirm import Confirmation, check_confirmable, finalists, plan_confirmation, run_confirmation
from deeplab.sweep.decision.plan import seed_of
from deeplab.sweep.plan import Plan, apply_checks, plan_sweep
from deeplab.sweep.replicates import replicate_seed
from deeplab.sweep.results.summary import TrialScores, summarise
from deeplab.sweep.run import SweepResult
from deeplab.sweep.search.plan import plan_search
from deeplab.tracking.find import all_runs, find_run
from deeplab.tracking.store import open_store
from deeplab.workflows.check import PointCheck

FOLDS = ("validation=kfold", "validation.folds=3")
WORDS = ("model=mlp_64_64", "l2=1e-6,1e-4,1e-2", "dataset.limit=60", "tracking.plots=none", "training.threads=1")


def checked(plan: Plan) -> Plan:
    return apply_checks(plan, [PointCheck("keras", number, "0") for number in range(len(plan.points))])


def swept(launcher: Pretended) -> SweepResult[Plan, Any]:
    return run.run_sweep(checked(plan_sweep([*WORDS, "replicates=2"], None)), launcher)


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    """A launcher that ends after so many trainings; the next one takes its place."""

    def make(most: int = 999) -> Pretended:
        launcher = Pretended(open_store(compose([]).config.tracking), most, gap=0.05)
        monkeypatch.setattr(run, "choose_launcher", lambda *_: launcher)
        return launcher

    monkeypatch.setattr(confirm, "checked_plan", checked)
    return make


def test_the_best_and_the_runner_up_are_trained_with_seeds_that_nothing_else_had(
    folder: Path, empty_database: Path, launch: Callable[..., Pretended]
) -> None:
    result = swept(launch())
    both = finalists(result.summary)
    assert both is not None
    assert both[0] == {"l2": "0.01"}, "which the launcher pretends to be better"
    plan = plan_confirmation(result.plan, result.run_id, both, 5, None)
    seeds = [[trial.values["seed"] for trial in plan.trials if trial.point == point] for point in (0, 1)]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 5
    others = {seed_of(0, number) for number in range(99)} | {replicate_seed(0, number) for number in range(99)}
    assert others.isdisjoint(seeds[0])
    assert {trial.values["l2"] for trial in plan.trials if trial.point == 0} == {0.01}


def test_a_confirmation_goes_on_after_an_end_from_outside_and_is_in_the_report_of_its_sweep(
    folder: Path, empty_database: Path, launch: Callable[..., Pretended]
) -> None:
    result = swept(launch())

    def confirmed(most: int = 999) -> tuple[Pretended, SweepResult[Plan, Confirmation]]:
        launcher = launch(most)
        return launcher, run_confirmation(result, 4, None, launcher)

    with pytest.raises(Interrupted, match="3 of 8 trials are finished and kept"):
        confirmed(3)
    launcher, found = confirmed()
    assert len(launcher.names) == 5
    launcher, again = confirmed()
    assert (launcher.names, again.run_id, again.summary) == ([], found.run_id, found.summary)
    decision = found.summary.decision
    (pair,) = decision.pairs
    assert (pair.verdict, pair.seeds, pair.first) == ("better", 4, 0)
    assert pair.interval is not None and pair.difference == pytest.approx(pair.interval.mean)
    assert decision.sentence.startswith("l2=0.01 is better than l2=")
    store = open_store(compose([]).config.tracking)
    table, text = confirmation_parts(store, find_run(store, result.run_id))
    assert isinstance(table, Table) and isinstance(text, Text)
    assert table.caption == "Confirmed with fresh seeds"
    assert text.text.startswith(f"With fresh seeds {decision.sentence}")
    assert len(all_runs(store)) == 1 + 6 + 1 + 8
    launcher = launch()
    assert run_confirmation(result, 5, None, launcher).run_id != found.run_id
    assert len(launcher.names) == 10, "another number takes other seeds, so that it is no second look at these"


def test_a_confirmation_is_packed_with_its_sweep_and_its_sweep_with_it(
    folder: Path, empty_database: Path, launch: Callable[..., Pretended], cli: Callable[..., Any]
) -> None:
    result = swept(launch())
    confirmed = run_confirmation(result, 2, None, launch())
    with pytest.raises(Interrupted):
        run_confirmation(result, 3, None, launch(1))
    store = open_store(compose([]).config.tracking)
    sweep, ours = (find_run(store, each.run_id) for each in (result, confirmed))
    for named in (sweep, ours):
        assert len(together(store, [named])) == 1 + 6 + 1 + 4, "without the one that was ended"
    assert cli("pack", sweep.id, "--out", "both.zip").status == 0
    (folder / "other").mkdir()
    (folder / "other" / "mlflow.db").write_bytes(empty_database.read_bytes())
    place = f"tracking.uri=sqlite:///{folder}/other/mlflow.db"
    assert cli("unpack", "both.zip", place).status == 0
    assert cli("report", sweep.id, "--out", "there.md", place).status == 0
    page = (folder / "there.md").read_text()
    assert 0 < page.index("Points by validation accuracy") < page.index("Confirmed with fresh seeds")


def test_words_of_a_loss_and_of_fewer_scores() -> None:
    plan = plan_sweep(["model=mlp_64_64", "l2=1e-6,1e-2", "replicates=3"], None)
    trials = [
        TrialScores(point, number, "", {"val/loss": 0.5 + 0.1 * point + 0.01 * number * point}, 1.0)
        for point in (0, 1)
        for number in range(3 - point)
    ]
    decision = confirm.decided(plan, summarise(plan.points, trials, "val/loss", 3))
    (pair,) = decision.pairs
    assert (pair.verdict, pair.seeds) == ("better", 2), "the smaller one"
    twins = [
        TrialScores(point, number, "", {"val/accuracy": 0.5 + 0.1 * point}, 1.0)
        for point in (0, 1)
        for number in (0, 1)
    ]
    decision = confirm.decided(plan, summarise(plan.points, twins, "val/accuracy", 2))
    assert (decision.pairs[0].verdict, decision.pairs[0].interval) == ("undecided", None)
    assert json.loads(decision.to_json())["pairs"][0]["difference"] == pytest.approx(-0.1)


def test_of_folds_a_seed_counts_once() -> None:
    plan = plan_sweep(["model=mlp_64_64", "l2=1e-6,1e-2", "replicates=2", *FOLDS], None)
    trials = [
        TrialScores(point, number, "", {"val/accuracy": 0.9 - 0.1 * point + 0.01 * (number + point) % 0.03}, 1.0)
        for point in (0, 1)
        for number in range(6)
    ]
    summary = summarise(plan.points, trials, "val/accuracy", 6, folds=3)
    decision = confirm.decided(plan, summary)
    (pair,) = decision.pairs
    assert (decision.seeds, pair.seeds, decision.folds, decision.trainings) == ((2, 2), 2, 3, 12)
    assert decision.scores[0] == pytest.approx({0: 0.91, 1: 0.91})
    assert pair.interval is not None and pair.interval.high == pytest.approx(-summary.points[1].corrected.low)
    assert pair.difference == pytest.approx(pair.interval.mean)
    *_, text = confirmed(decision.to_json())
    assert isinstance(text, Text)
    assert "in validation accuracy, the mean of 3 folds: " in text.text
    assert text.text.endswith("at the same seeds and folds, corrected for the examples that folds share.")


@pytest.mark.parametrize(
    ("words", "count", "message"),
    [
        (WORDS, 1, "--confirm must be from 2 to 1,000 fresh seeds, got 1."),
        (WORDS, -5, "--confirm must be from 2 to 1,000 fresh seeds, got -5."),
        (("model=mlp_64_64", "replicates=3"), 5, "there is one point alone"),
        (("model=mlp_64_64", "seed=1,2"), 5, "--confirm takes fresh seeds, so that a sweep over seed"),
    ],
)
def test_what_cannot_be_confirmed_is_one_line(words: tuple[str, ...], count: int, message: str) -> None:
    with pytest.raises(UserError) as caught:
        check_confirmable(count, plan_sweep(words, None))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_search_of_one_trial_has_no_runner_up() -> None:
    with pytest.raises(UserError, match="there is one point alone"):
        check_confirmable(5, plan_search(["l2=interval(1e-6,1e-2)", "model=mlp_64_64"], None, "tpe", Budget(trials=1)))
    check_confirmable(None, plan_search(["l2=interval(1e-6,1e-2)", "model=mlp_64_64"], None, "tpe", Budget(trials=1)))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("more", [(), ("--search", "random", "--trials", "2")])
def test_real_trainings_are_confirmed_once(folder: Path, cli: Callable[..., Any], more: tuple[str, ...]) -> None:
    grid = "l2=interval(1e-6,1e-2)" if more else "l2=1e-6,1e-2"
    words = ("model=mlp_64_64", "dataset.limit=100", "dataset.image_size=8", "training.epochs=1", "launcher.workers=1")
    command = ("sweep", *more, *words, grid, "tracking.plots=best", "--confirm", "2", "--json")
    first, second = (cli(*command) for _ in range(2))
    assert (first.status, first.err, second.status) == (0, "", 0)
    found, again = json.loads(first.out), json.loads(second.out)
    assert found["confirmation"] == again["confirmation"]
    assert len(found["confirmation"]["points"]) == 2
    assert found["confirmation"]["trainings"] == 4
