"""Searches by Optuna: real studies, real workers, real kills."""

import csv
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import optuna
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import PATIENCE
from tests.sweep.search.conftest import study_in

from deeplab.config.overrides import Interval, read_interval
from deeplab.errors import Interrupted, UserError
from deeplab.plots.sweep import search as figure
from deeplab.sweep.budget import Budget
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.search.choose import run_search
from deeplab.sweep.search.optuna_study import (
    UNPRUNED_EPOCHS,
    UNPRUNED_TRIALS,
    finished_trials,
    open_study,
    suggest,
    tell_orphans,
)
from deeplab.sweep.search.parent_run import SearchTrial, best_drawn, search_figure, trials_table
from deeplab.sweep.search.plan import SearchPlan, checked_search, plan_search
from deeplab.workflows.check import PointCheck

pytestmark = pytest.mark.slow

TINY = (
    *("model=mlp_64_64", "dataset.limit=60", "dataset.image_size=8", "training.epochs=2", "tracking.save_model=none"),
    *("tracking.plots=none", "training.threads=1", "launcher.workers=1"),
)
L2 = "l2=interval(1e-6,1e-2)"


# A process that ends as if it were killed, once it knows of two epochs.
KILLED = """
import os, signal, sys
from deeplab.cli.main import main
from deeplab.sweep.search.source import SearchSource
should_continue = SearchSource.should_continue
def killed(source, event):
    verdict = should_continue(source, event)
    if event.epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return verdict
SearchSource.should_continue = killed
sys.argv = {arguments}
if __name__ == "__main__":
    main()
"""

# The same in the second replicate, once its second epoch is done.
KILLED_LATER = """
import os, signal, sys
from deeplab.cli.main import main
from deeplab.sweep.loop import TrialLoop
take = TrialLoop._take
def killed(loop, event, parent_id):
    take(loop, event, parent_id)
    if (event.number, event.epoch) == (1, 2):
        os.kill(os.getpid(), signal.SIGKILL)
TrialLoop._take = killed
sys.argv = {arguments}
if __name__ == "__main__":
    main()
"""


@pytest.fixture
def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares the process that looks at points, where a test is about something else."""
    found = PointCheck("keras", 1, "0" * 64)
    monkeypatch.setattr("deeplab.sweep.check.check_points", lambda points: [found for _ in points])


def search(kind: str, trials: int, *overrides: str) -> tuple[str, ...]:
    return ("sweep", "--search", kind, "--trials", str(trials), *TINY, *overrides)


def searched(*overrides: str) -> SearchPlan:
    """A search as if its ends had been looked at."""
    return replace(
        plan_search([*TINY, *overrides], None, "random", Budget(trials=9)), checked=PointCheck("keras", 1, "0" * 64)
    )


def children(runs: list[Any]) -> list[Any]:
    return [run for run in runs if run.data.tags["deeplab.kind"] == "trial"]


def parent(runs: list[Any]) -> Any:
    (found,) = [run for run in runs if run.data.tags["deeplab.kind"] == "sweep"]
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("interval(1e-6,1e-2)", Interval(1e-6, 1e-2, whole=False)),
        ("interval(16,256)", Interval(16, 256, whole=True)),
        ("interval(start=16, end=256)", Interval(16, 256, whole=True)),
        ("interval(-3,+4)", Interval(-3, 4, whole=True)),
        ("interval(16.0,256)", Interval(16, 256, whole=False)),
        ("float(interval(16,256))", Interval(16, 256, whole=False)),
        ("int(interval(1.5,9.5))", Interval(1, 9, whole=True)),
        ("1,2", None),
        ("linspace(1,2,3)", None),
    ],
)
def test_an_interval_is_read_as_it_is_written(value: str, expected: Interval | None) -> None:
    assert read_interval(f"l2={value}") == expected


def test_two_decades_above_zero_are_searched_on_a_log_scale() -> None:
    logs = [Interval(low, high, whole=False).log for low, high in ((1, 100), (1, 99), (0, 100), (-1, 100), (1e-6, 1))]
    assert logs == [True, False, False, False, True]


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.floats(0, 1))
def test_what_is_written_of_an_interval_lies_in_it(low: float, width: float, share: float) -> None:
    interval = Interval(low, low + width, whole=False)
    value = min(low + share * width, interval.high)
    written = float(interval.written(value))
    assert interval.low <= written <= interval.high
    assert written == pytest.approx(value, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([L2], "l2 is given an interval, which is no grid: it needs --search tpe or --search random."),
        (["--search", "tpe", L2], "--search tpe needs to know how many trials there are to be: --trials 30"),
        (["--hours", "0", "l2=1,2"], "--hours must be a number above 0, got 0."),
        (["--search", "tpe", "--hours", "-1", L2], "--hours must be a number above 0, got -1."),
        (["--trials", "0", "l2=1,2"], "--trials must be at least 1, got 0."),
        (["--search", "bayes", "--trials", "3", L2], "Unknown search 'bayes'. Known: asha, hyperband, random, tpe."),
        (["--search", "tpe", "--trials", "0", L2], "--trials must be at least 1, got 0."),
        (["--search", "tpe", "--trials", "20000", L2], "This is 20,000 trials. If they are all meant: --yes"),
        (["--search", "tpe", "--trials", "3"], "There is nothing to search"),
        (["--search", "tpe", "--trials", "3", "l2=interval(2,2)"], "with LOW below HIGH"),
        (["--search", "tpe", "--trials", "3", "l2=interval(1,inf)"], "with LOW below HIGH"),
        (["--search", "tpe", "--trials", "3", "l2=interval(0,1),3"], "it stands alone, and is searched"),
        (["--search", "tpe", "--trials", "4000", L2, "replicates=3"], "4,000 trials x 3 replicates = 12,000 trainings"),
        (["--search", "tpe", "--trials", "3", L2, "sweep.metric=test/loss"], "would fit the test set"),
        (["--search", "tpe", "--trials", "3", L2, "l2=1e-3"], "l2 is given twice"),
        (["--search", "tpe", "--trials", "3", L2, "validation=none"], "validation=none holds nothing out"),
        (["--search", "tpe", "--trials", "3", L2, "l2=1,2"], "l2 is given twice"),
        (["--search", "tpe", "--trials", "3", "launcher.workers=interval(1,4)"], "it changes no training"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_line(
    arguments: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("sweep", *TINY, *arguments)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert expected in done.err
    assert not list(tmp_path.iterdir())


def test_the_ends_of_an_interval_are_checked_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli(*search("tpe", 3, "training.batch_size=interval(1,500)", "optimizer=sgd,adam"))
    assert done.status == 2
    assert "batch_size=500 optimizer=sgd: training.batch_size: must be at most the number of training rows" in done.err
    assert "1 of 3 points cannot be trained; nothing was started." in done.err
    assert not list(tmp_path.iterdir())


def test_a_dry_run_shows_what_is_drawn_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any], _unchecked: None
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli(*search("tpe", 3, "training.batch_size=interval(1,30)", "optimizer=sgd,adam", L2), "--dry-run")
    assert (done.status, done.err) == (0, "")
    for text in ("1 to 30, whole", "sgd, adam", "1e-06 to 0.01, log", "3 trials over training.batch_size, optimizer"):
        assert text in done.out
    assert not list(tmp_path.iterdir())


def test_a_search_goes_on_until_all_its_trials_are_there(
    folder: Path, cli: Callable[..., Any], runs: Callable[[], list[Any]], _unchecked: None
) -> None:
    drawn_from = (L2, "training.batch_size=interval(4,30)", "optimizer=sgd,adam")
    done = cli(*search("random", 3, *drawn_from))
    assert (done.status, done.err) == (0, "")
    assert "3 trials finished, 0 were pruned" in done.out
    found = runs()
    first = children(found)
    assert Counter(run.info.status for run in found) == {"FINISHED": 4}
    assert [trial.state.name for trial in study_in(folder)] == ["COMPLETE"] * 3
    assert {run.data.tags["deeplab.point"] for run in first} == set("012")
    for run in first:
        assert run.data.tags["mlflow.parentRunId"] == run.data.tags["deeplab.sweep"] == parent(found).info.run_id
        assert run.data.tags["deeplab.axis.l2"] == run.data.params["l2"]
        assert 1e-6 <= float(run.data.params["l2"]) <= 1e-2
        assert 4 <= int(run.data.params["training.batch_size"]) <= 30
        assert len(run.data.tags["deeplab.trial"]) == 64

    again = cli(*search("random", 4, *drawn_from))
    assert (again.status, again.err) == (0, "")
    assert "3 of 4 trials are done already" in again.out
    found = runs()
    tags = parent(found).data.tags
    assert (len(children(found)), len(study_in(folder)), tags["deeplab.trials"]) == (4, 4, "4")
    assert len({run.data.params["l2"] for run in children(found)}) == 4
    with (Path(parent(found).info.artifact_uri.removeprefix("file://")) / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["run"] for row in rows} == {run.info.run_id for run in children(found)}
    best = max(rows, key=lambda row: float(row["val/accuracy"]))
    assert f"with l2={best['l2']} training.batch_size={best['training.batch_size']} optimizer=" in again.out
    assert tags["deeplab.best_point"].startswith(f"l2={best['l2']} batch_size={best['training.batch_size']}")
    assert parent(found).data.metrics["best/val/accuracy"] == float(best["val/accuracy"])
    assert tags["deeplab.search"] == "random"


def test_pruned_trials_and_twins(
    folder: Path,
    cli: Callable[..., Any],
    runs: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    _unchecked: None,
) -> None:
    class OfTwenty(optuna.pruners.BasePruner):
        def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
            return trial.params["training.batch_size"] == "20"

    monkeypatch.setattr("deeplab.sweep.search.optuna_study.MedianPruner", lambda *_: OfTwenty())
    # With this seed the first two trials are equal, so that the second one waits for what becomes of the first.
    more = ("training.epochs=3", "tracking.save_model=all", "launcher.workers=2", "seed=1")
    done = cli(*search("random", 6, "training.batch_size=10,20", *more))
    assert (done.status, done.err) == (0, "")
    trials = study_in(folder)
    states = {("PRUNED" if trial.params["training.batch_size"] == "20" else "COMPLETE") for trial in trials}
    assert states == {"PRUNED", "COMPLETE"}
    assert len(trials) == 6
    ended = {run.data.tags["deeplab.axis.training.batch_size"]: run for run in children(runs())}
    assert len(children(runs())) == 2  # the others drew the same once more
    assert (ended["10"].info.status, ended["20"].info.status) == ("FINISHED", "KILLED")
    assert ended["20"].data.tags["deeplab.pruned"] == "true"
    assert not {"deeplab.pruned", "deeplab.error"} & ended["10"].data.tags.keys()
    assert "deeplab.error" not in ended["20"].data.tags
    assert not (folder / ".deeplab" / "checkpoints" / ended["20"].info.run_id).exists()
    assert not list((folder / "mlruns" / ended["20"].info.run_id).rglob("*.keras"))
    pruned = [trial for trial in trials if trial.params["training.batch_size"] == "20"]
    assert {(trial.state.name, *trial.intermediate_values) for trial in pruned} == {("PRUNED", 1)}
    assert {trial.value for trial in pruned} == {ended["20"].data.metrics["val/accuracy"]}
    assert f"{6 - len(pruned)} trials finished, {len(pruned)} were pruned" in done.out
    assert parent(runs()).info.status == "FINISHED"
    shown = cli("status", "latest")
    assert "PRUNED" in shown.out


def test_the_worse_half_is_pruned_from_the_second_epoch_on(tmp_path: Path) -> None:
    checked = searched(L2)
    with open_study(tmp_path / "x.db", checked, None) as study:
        verdicts = []
        for number in range(UNPRUNED_TRIALS + 1):
            asked = study.ask()
            suggest(asked, checked.grid.axes)
            worse = number == UNPRUNED_TRIALS
            for epoch in range(1, 4):
                asked.report(0.1 if worse else 0.5 + number / 100, epoch)
                verdicts.append(asked.should_prune())
            if not worse:
                study.tell(asked, 0.5 + number / 100)
    before = 3 * UNPRUNED_TRIALS + UNPRUNED_EPOCHS
    assert verdicts == [False] * before + [True] * (len(verdicts) - before)


def test_what_a_dead_process_left_running_is_settled_and_drawn_again(tmp_path: Path) -> None:
    checked = searched(L2)
    with open_study(tmp_path / "x.db", checked, None) as study:
        name = study.study_name
        left = suggest(study.ask(), checked.grid.axes)
    with open_study(tmp_path / "x.db", checked, name) as study:
        tell_orphans(study, {}, ("val/accuracy",))
        assert [trial.state.name for trial in study.trials] == ["FAIL", "WAITING"]
        assert finished_trials(study) == []
        assert suggest(study.ask(), checked.grid.axes) == left
        assert suggest(study.ask(), checked.grid.axes) != left
    with pytest.raises(UserError, match="searched.l2 was 1e-06 to 0.01, log, is 1e-06 to 0.001, log"):
        open_study(tmp_path / "x.db", searched("l2=interval(1e-6,1e-3)"), name).__enter__()
    with pytest.raises(UserError, match="is gone from .*--fresh"):
        open_study(tmp_path / "y.db", checked, name).__enter__()


def test_a_search_that_was_killed_goes_on(
    folder: Path, start: Callable[..., Any], cli: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    long = search("random", 1, L2, "training.epochs=6")
    process = start("-c", KILLED.format(arguments=["deeplab", *long]), program=(sys.executable,))
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, out
    (trial,) = study_in(folder)
    assert (trial.state.name, list(trial.intermediate_values)) == ("RUNNING", [1, 2])
    assert {run.info.status for run in runs()} == {"RUNNING"}

    done = cli(*long)
    assert (done.status, done.err) == (0, "")
    first, second = study_in(folder)
    assert (first.state.name, second.state.name, second.params) == ("FAIL", "COMPLETE", first.params)
    (child,) = children(runs())
    assert (child.info.status, child.data.tags["deeplab.point"]) == ("FINISHED", "1")
    assert parent(runs()).info.status == "FINISHED"


@pytest.mark.long
def test_a_search_that_was_killed_in_a_replicate_goes_on_with_that_one(
    folder: Path, start: Callable[..., Any], cli: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    often = ("training.engine=keras", "training.checkpoint_seconds=0", "training.checkpoint_every=1")
    command = search("random", 1, L2, "training.epochs=60", "replicates=2", *often)
    process = start("-c", KILLED_LATER.format(arguments=["deeplab", *command]), program=(sys.executable,))
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL, out
    before = {run.data.tags["deeplab.replicate"]: run for run in children(runs())}
    assert {replicate: run.info.status for replicate, run in before.items()} == {"0": "FINISHED", "1": "RUNNING"}

    done = cli(*command)
    assert (done.status, done.err) == (0, "")
    cut, whole = study_in(folder)
    assert (cut.state.name, whole.state.name, whole.params) == ("FAIL", "COMPLETE", cut.params)
    assert whole.intermediate_values == cut.intermediate_values
    after = {run.data.tags["deeplab.replicate"]: run for run in children(runs())}
    assert {run.info.run_id for run in after.values()} == {run.info.run_id for run in before.values()}
    assert {(run.info.status, run.data.tags["deeplab.point"]) for run in after.values()} == {("FINISHED", "1")}
    assert whole.value == fmean(run.data.metrics["validation/accuracy"] for run in after.values())


def test_an_interrupted_search_says_how_to_go_on(folder: Path, runs: Callable[[], list[Any]]) -> None:
    class Impatient(SweepObserver):
        def trial_submitted(self, number: int, name: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="0 of 9 trials .* To go on: the same command again.") as ended:
        run_search(searched(L2), Impatient())
    assert ended.value.exit_status == 130
    assert parent(runs()).info.status == "KILLED"
    assert [trial.state.name for trial in study_in(folder)] == ["RUNNING"]


def test_one_process_at_a_time_carries_out_a_search(folder: Path, runs: Callable[[], list[Any]]) -> None:
    (folder / ".deeplab" / "searches").mkdir(parents=True)
    one = searched(L2)
    with (
        FileLock(folder / ".deeplab" / "searches" / f"{one.key}.lock"),
        pytest.raises(UserError, match="is being carried out by another process"),
    ):
        run_search(one, SweepObserver())
    assert runs() == []


def test_the_key_is_of_what_is_searched_and_how() -> None:
    one, more = searched(L2), replace(searched(L2), points=10)
    assert one.key == more.key == searched(L2, "tracking.plots=all").key
    assert one.frozen == more.frozen == searched(L2, "tracking.plots=all").frozen
    assert len({one.key, replace(one, kind="tpe").key, searched("l2=interval(1e-6,1e-3)").key}) == 3
    assert (
        plan_search(["name=x", L2], None, "tpe", Budget(trials=1)).key
        == plan_search(["name=x", "l2=1,2"], None, "tpe", Budget(trials=1)).key
    )


def test_a_trial_that_looks_at_the_test_set_does_not_compete_with_others() -> None:
    mixed = searched(L2, "validation=tail,test")
    with pytest.raises(UserError, match="validation=test: A search .* validation=test at every trial or at none"):
        checked_search(mixed)
    with pytest.raises(UserError, match="do not compete with those on rows held out"):
        mixed.trials(0, {"l2": "1e-6", "validation": "test"})
    assert (mixed.on_test, searched(L2, "validation=test").on_test) == (False, True)


def test_the_table_and_the_figure_of_what_was_drawn() -> None:
    one = searched("l2=1e-6,1e-3", "optimizer=sgd,adam")
    drawn = [
        SearchTrial(0, {"l2": "1e-6", "optimizer": "sgd"}, "COMPLETE", 0.5, 2, "abc"),
        SearchTrial(1, {}, "FAIL", None, 0, ""),
        SearchTrial(2, {"l2": "1e-3", "optimizer": "adam"}, "PRUNED", 0.75, 1, "def"),
    ]
    assert trials_table(one.grid.axes, drawn, "val/accuracy") == (
        "trial,l2,optimizer,state,val/accuracy,epochs,run\n"
        "0,1e-6,sgd,COMPLETE,0.5,2,abc\n1,,,FAIL,,0,\n2,1e-3,adam,PRUNED,0.75,1,def\n"
    )
    assert best_drawn(drawn, "val/accuracy") is drawn[0]
    assert best_drawn(drawn[1:], "val/accuracy") is None
    assert best_drawn([drawn[0], replace(drawn[0], value=0.4)], "val/loss").value == 0.4
    assert search_figure(one, drawn)[:4] == b"\x89PNG"


def test_the_figure_shows_options_by_name_and_the_trials_of_one_side_by_side() -> None:
    factors = {"optimizer": figure.Factor([1, 0, 1, 1], options=("sgd", "adam"))}
    drawn = figure.draw([0, 1, 2, 3], [0.5, 0.6, 0.9, 0.7], [False, False, False, True], factors, metric="val/accuracy")
    axes = drawn.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["sgd", "adam"]
    assert axes.get_title(loc="left") == "Best at adam (○)"
    places = {line.get_label(): line.get_xdata().tolist() for line in axes.get_lines()}
    assert (places["finished"], places["pruned"]) == ([0.75, 0, 1], [1.25])


def test_the_figure_of_means_shows_how_far_the_replicates_lie_apart() -> None:
    scores, replicates = [0.5, 0.6, 0.9], [(0.4, 0.6), (), ()]
    factors = {"l2": figure.Factor([1.0, 2.0, 3.0])}
    drawn = figure.draw(
        [0, 1, 2], scores, [False, True, False], factors, metric="val/accuracy", name="x", replicates=replicates
    )
    assert drawn.get_suptitle() == "x: validation accuracy, mean of 2 trainings, in a search"
    for axes, place in zip(drawn.axes, (1, 0), strict=True):
        (lines,) = axes.collections
        first, second = (segment.tolist() for segment in lines.get_segments())
        assert first == [[place, 0.4], [place, 0.6]]
        assert second == []  # its runs were deleted
        assert axes.get_ylim()[0] < 0.4
    with pytest.raises(ValueError, match="1 values for 3 trials"):
        figure.draw([0, 1, 2], scores, [False] * 3, factors, metric="val/accuracy", replicates=[(0.1,)])


def test_the_figure_marks_the_best_finished_trial() -> None:
    factors = {"l2": figure.Factor([1e-5, 1e-4, 1e-3], log=True), "units": figure.Factor([16.0, 32.0, 64.0])}
    drawn = figure.draw([0, 1, 2], [0.5, 0.9, 0.95], [False, False, True], factors, metric="val/accuracy", name="x")
    assert [axes.get_xscale() for axes in drawn.axes] == ["log", "linear", "linear"]
    assert drawn.axes[0].get_title(loc="left") == "Best at 1e-4 (○)"
    assert drawn.axes[2].get_title(loc="left") == "Best: 90.0 % in trial 1 (○)"
    (line,) = [line for line in drawn.axes[2].get_lines() if line.get_label() == "best so far"]
    assert line.get_ydata().tolist() == [0.5, 0.9]
    losses = figure.draw([0, 1], [0.5, 0.9], [False, False], {}, metric="val/loss")
    assert losses.axes[0].get_title(loc="left") == "Best: 0.500 in trial 0 (○)"
    scores = [0.95, 0.96, 0.3, 0.955]
    drawn = figure.draw([0, 1, 2, 3], scores, [False, False, True, True], {}, metric="val/accuracy")
    (crosses,) = [line for line in drawn.axes[0].get_lines() if line.get_label() == "pruned; far ones at the edge"]
    assert crosses.get_ydata().tolist() == pytest.approx([0.94, 0.955])
    assert figure.draw([], [], [], {}, metric="val/loss").axes[0].get_lines()[:] == []
    with pytest.raises(ValueError, match="2 values for 1 trials"):
        figure.draw([0], [0.5, 0.9], [False], {}, metric="val/loss")
