import csv
import io
import math
from dataclasses import replace

import pytest

from deeplab.config.compose import compose_sweep
from deeplab.evaluation.statistics import statistics
from deeplab.report.sweep_report import conclusion
from deeplab.report.sweep_tables import outcome_of
from deeplab.sweep.grid import Axis
from deeplab.sweep.results import figures
from deeplab.sweep.results.summary import Best, TrialScores, best_point, summarise
from deeplab.sweep.results.tables import points_table, trials_table
from deeplab.sweep.results.write import best_trial

COMPARED = compose_sweep([]).comparison
POINTS = [{"l2": "0.1"}, {"l2": "0.2"}, {"l2": "0.3"}]


def trial(point: int, replicate: int, accuracy: float, loss: float = 1.0) -> TrialScores:
    scores = {"val/accuracy": accuracy, "val/loss": loss, "test/accuracy": accuracy - 0.1, "test/loss": loss}
    return TrialScores(point, replicate, f"run-{point}-{replicate}", scores, seconds=2.0 + replicate)


def test_statistics_of_three_numbers() -> None:
    found = statistics([0.9, 0.92, 0.97])
    assert found.mean == pytest.approx(0.93)
    assert found.deviation == pytest.approx(0.0360555128)
    # 4.302653 is the 97.5 % point of Student's t with two degrees of freedom.
    assert found.interval == pytest.approx(4.302653 * 0.0360555128 / math.sqrt(3), rel=1e-6)
    assert (found.minimum, found.maximum, found.count) == (0.9, 0.97, 3)


def test_a_single_number_has_no_spread() -> None:
    found = statistics([0.5])
    assert (found.mean, found.deviation, found.interval) == (0.5, None, None)


def test_the_best_point_and_differences_in_pairs_of_one_seed() -> None:
    trials = [trial(0, 0, 0.90), trial(0, 1, 0.94), trial(1, 0, 0.91), trial(1, 1, 0.95), trial(2, 1, 0.80)]
    summary = summarise(POINTS, trials, "val/accuracy", 2)
    assert summary.best == 1
    assert summary.points[1].difference is None
    paired = summary.points[0].difference
    assert paired is not None
    assert (paired.mean, paired.count) == (pytest.approx(-0.01), 2)
    assert paired.deviation == pytest.approx(0, abs=1e-12)  # although each point alone spreads by 0.028
    alone = summary.points[2].difference
    assert alone is not None
    assert (alone.mean, alone.count, alone.interval) == (pytest.approx(-0.15), 1, None)
    assert (summary.finished, summary.points[0].seconds) == (5, 2.5)
    best = best_trial(summary)
    assert best is not None
    assert best.run_id == "run-1-1"


def test_points_are_worse_equal_or_undecided_beside_the_best() -> None:
    noise = [0.0, 0.01, -0.01, 0.0]
    levels = {0: 0.8, 1: 0.9, 2: 0.899}
    trials = [trial(point, n, level + each * (1 + point), 1 - level) for point, level in levels.items()
              for n, each in enumerate(noise)]  # fmt: skip
    summary = summarise(POINTS, trials, "val/accuracy", 4)
    assert [summary.verdict(point) for point in summary.points] == ["worse", None, "undecided"]
    low, _, near = (point.corrected for point in summary.points)
    assert low is not None and near is not None
    # Beyond 4.856657 lie 0.05 / 6 of Student's t with three degrees of freedom: two sides of three pairs of points.
    assert low.high - low.mean == pytest.approx(4.856657 * statistics(noise).deviation / 2, rel=1e-5)
    # Of losses the smaller one is better, and the ones here are the same at every seed.
    summary = summarise(
        POINTS, [replace(each, scores={"val/loss": each.scores["val/loss"]}) for each in trials], "val/loss", 4
    )
    assert [summary.verdict(point) for point in summary.points] == ["worse", None, "worse"]
    same = [trial(point, n, 0.9) for point in (0, 1) for n in (0, 1)]
    summary = summarise(POINTS, same, "val/accuracy", 2)
    assert [summary.verdict(point) for point in summary.points] == [None, "equal", None]


def test_what_does_not_compete_is_not_compared() -> None:
    fair = [trial(point, n, 0.9 - point / 10 + n / 100) for point in (0, 1) for n in (0, 1)]
    seen = [replace(trial(2, n, 0.99), on_test=True) for n in (0, 1)]
    with_seen, without = (summarise(POINTS, trials, "val/accuracy", 2) for trials in ([*fair, *seen], fair))
    assert with_seen.points[2].difference is not None
    assert with_seen.points[2].corrected is with_seen.verdict(with_seen.points[2]) is None
    assert with_seen.points[1].corrected == without.points[1].corrected


def test_a_point_without_all_replicates_is_not_the_best_while_others_have_them() -> None:
    trials = [trial(0, 0, 0.90), trial(0, 1, 0.90), trial(1, 0, 0.99)]
    assert summarise(POINTS, trials, "val/accuracy", 2).best == 0
    assert summarise(POINTS, trials[2:], "val/accuracy", 2).best == 1
    assert summarise(POINTS, [], "val/accuracy", 2).best is None


def test_points_that_were_validated_on_the_test_set_do_not_compete_with_others() -> None:
    fair = [trial(1, 0, 0.90), trial(1, 1, 0.90)]
    seen = [replace(trial(point, replicate, 0.99), on_test=True) for point in (0, 2) for replicate in (0, 1)]
    assert summarise(POINTS, [*seen, *fair], "val/accuracy", 2).choice == Best(1, 2, False)
    # not even with an incomplete one
    assert summarise(POINTS, [*seen, *fair[:1]], "val/accuracy", 2).choice == Best(1, 2, False)
    assert summarise(POINTS, seen, "val/accuracy", 2).choice == Best(0, 0, True)
    # by a score of the test set all are chosen on it
    assert summarise(POINTS, [*seen, *fair], "test/accuracy", 2).choice == Best(0, 0, True)


def test_a_mean_that_is_no_number_is_worse_than_any() -> None:
    assert best_point([[math.nan], [0.2], [0.3]], "val/loss", 1, ()).number == 1
    assert best_point([[math.nan], [0.2], [0.3]], "val/accuracy", 1, ()).number == 2
    assert best_point([[], [math.nan]], "val/accuracy", 1, ()).number is None


def test_of_losses_the_smallest_is_the_best() -> None:
    trials = [trial(0, 0, 0.9, loss=0.3), trial(1, 0, 0.8, loss=0.2)]
    assert summarise(POINTS, trials, "val/loss", 1).best == 1


def test_tables_hold_every_point_and_every_finished_trial() -> None:
    summary = summarise(POINTS, [trial(0, 0, 0.9), trial(0, 1, 0.8), trial(2, 0, 0.7)], "val/accuracy", 2)
    axes = [Axis("l2", ("0.1", "0.2", "0.3"))]
    points = list(csv.DictReader(io.StringIO(points_table(axes, summary))))
    assert [(row["l2"], row["n"], row["best"]) for row in points] == [
        ("0.1", "2", "best"),
        ("0.2", "0", ""),
        ("0.3", "1", ""),
    ]
    assert float(points[0]["val/accuracy mean"]) == pytest.approx(0.85)
    assert list(points[0])[-3:] == ["seconds", "corrected_interval", "verdict"]
    assert points[1]["val/accuracy mean"] == points[2]["val/accuracy deviation"] == ""
    trials = list(csv.DictReader(io.StringIO(trials_table(axes, summary))))
    assert [(row["point"], row["replicate"], row["run"]) for row in trials] == [
        ("1", "1", "run-0-0"),
        ("1", "2", "run-0-1"),
        ("3", "1", "run-2-0"),
    ]


@pytest.mark.parametrize(("metric", "best"), [("val/accuracy", range(5, 45)), ("val/loss", range(40))])
def test_of_too_many_words_the_best_are_drawn_and_the_title_says_so(
    metric: str, best: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "to_png", lambda figure: figure)
    axis = Axis("model", tuple(f"net{number}" for number in range(45)))
    trials = [trial(number, 0, 0.5 + number / 100, loss=number / 100) for number in range(45)]
    summary = summarise([{"model": value} for value in axis.values], trials, metric, 1)
    ((_, drawn),) = figures.sweep_figures("many", [axis], summary, COMPARED, {})
    names = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert names == [f"model=net{number}" for number in best]
    assert "many, the best 40 of 45" in drawn.get_suptitle()
    assert f"Best: model=net{44 if best.stop == 45 else 0}," in drawn.axes[0].get_title(loc="left")


def test_of_a_score_that_is_defined_of_no_point_nothing_is_drawn() -> None:
    summary = summarise(POINTS, [trial(0, 0, math.nan), trial(1, 0, math.nan)], "val/accuracy", 1)
    assert not list(figures.sweep_figures("many", [Axis("l2", ("0.1", "0.2", "0.3"))], summary, COMPARED, {}))


def test_scores_that_are_no_numbers_have_no_best_point() -> None:
    axes = (Axis("l2", ("1", "2")),)
    trials = [TrialScores(point, 0, f"{point}", {"val/loss": math.nan}, 1.0) for point in range(2)]
    summary = summarise([{"l2": "1"}, {"l2": "2"}], trials, "val/loss", 1)
    assert summary.best is None
    told = [part.text for part in conclusion(outcome_of(axes, summary), False, 0, None)]
    assert told == ["There is no best point: the validation loss of none is a number."]
