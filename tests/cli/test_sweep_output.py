"""What is written of a sweep: what it says at its end, and a line for each running trial."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deeplab.choice import ON_TEST
from deeplab.cli.terminal.sweep_progress import LiveSweepProgress
from deeplab.report.page import Table, Text
from deeplab.report.sweep_report import conclusion, points
from deeplab.report.sweep_tables import ALL_PAIRS, outcome_of
from deeplab.report.sweep_trials import trial_tables
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.results.summary import TrialScores, summarise


def test_what_the_test_set_had_to_do_with_the_choice_is_told() -> None:
    plan = plan_sweep(["model=mlp_64_64", "validation=tail,test"], None)
    found = {"tail": 0.7, "test": 0.9}

    def told(*names: str) -> list[str]:
        trials = [
            TrialScores(number, 0, "r", {"val/accuracy": found[name]}, 1.0, on_test=name == "test")
            for number, name in enumerate(names)
        ]
        summary = summarise(plan.points, trials, "val/accuracy", 1)
        outcome, choice = outcome_of(plan.axes, summary), summary.choice
        return [part.text for part in conclusion(outcome, choice.on_test, choice.left_out, ("H", 0.7))]

    assert told("tail", "test") == [
        "Best by mean validation accuracy: validation=tail, 0.7000.",
        "1 point was validated on the test set and left out of the best.",
        "H: 70 %; the best equals it.",
    ]
    assert told("test", "test")[1] == ON_TEST
    assert told("tail", "tail") == [
        "Best by mean validation accuracy: validation=tail, 0.7000.",
        "H: 70 %; the best equals it.",
    ]


def test_of_very_many_trials_the_first_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_sweep(["model=mlp_64_64", "l2=0.1,0.2,0.3"], None)
    trials = [TrialScores(point, 0, f"run{point}", {"val/accuracy": 0.5}, 1.0) for point in range(3)]
    outcome = outcome_of(plan.axes, summarise(plan.points, trials, "val/accuracy", 1))
    nowhere: Any = None
    (table,) = trial_tables(nowhere, nowhere, outcome, [])
    monkeypatch.setattr("deeplab.report.sweep_trials.MOST_LINES", 2)
    cut, told = trial_tables(nowhere, nowhere, outcome, [])
    assert isinstance(table, Table) and isinstance(cut, Table)
    assert (len(table.rows), cut.rows) == (3, table.rows[:2])
    assert told == Text("The first 2 of 3 trials; all of them are in trials.csv.")


def test_the_chosen_score_is_told_from_the_honest_one_and_points_from_the_best() -> None:
    plan = plan_sweep(["model=mlp_64_64", "l2=0.1,0.2,0.3"], None)
    trials = [
        TrialScores(point, seed, "r", {"val/accuracy": level + seed / 100, "test/accuracy": level - 0.05}, 1.0)
        for point, level in enumerate((0.7, 0.9, 0.9))
        for seed in range(3)
    ]
    outcome = outcome_of(plan.axes, summarise(plan.points, trials, "val/accuracy", 3))
    table, method = points(outcome)
    assert isinstance(table, Table)
    verdict = table.head.index("verdict")
    assert [row[verdict] for row in table.rows] == ["worse", None, "equal"]
    assert method == Text(ALL_PAIRS)
    assert [part.text for part in conclusion(outcome, False, 0, None)][1:] == [
        "Against the best, of 2 other points: 1 worse, 1 equal.",
        "Its validation accuracy is chosen, the best of 3, and so rather too good; its test accuracy, 0.8500, "
        "is the honest one.",
    ]
    assert [part.text for part in conclusion(outcome, True, 0, None)][2:] == [ON_TEST]


class Sweep:
    name, size, count = "x", "20 trials", 20


def test_eighty_columns_hold_the_counts_and_the_end_of_a_long_name() -> None:
    console = Console(width=80, force_terminal=True, color_system=None, markup=False, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=6), MofNCompleteColumn())
    bar = Progress(*columns, TextColumn("{task.fields[state]}"), console=console, auto_refresh=False)
    progress = LiveSweepProgress(bar)
    progress.sweep_began(Sweep(), "0123456789", 3, 2)
    for number in (1, 2, 30):  # a search draws what failed once more
        progress.trial_submitted(number, f"l2=1e-05 learning_rate=0.1 batch_size=32 model=cnn_dropout_pool #{number}")
    progress.trial_changed(TrialEvent(1, "failed", "why"), will_retry=False)
    progress.trial_changed(TrialEvent(2, "epoch", epoch=4, epochs=10, metrics={"val/accuracy": 0.5}), will_retry=False)
    progress.waited()
    with console.capture() as shown:
        console.print(bar.get_renderable())
    lines = shown.get().splitlines()
    assert "3/20 2 running, 1 failed, 14 left" in " ".join(lines[0].split())
    assert "#2" in lines[1]
    assert lines[1].rstrip().endswith("4/10 accuracy 0.5000")
    assert "#30" in lines[2]


def test_a_status_where_there_is_no_store_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("status")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "There is no store" in done.err
    assert not list(tmp_path.iterdir())
