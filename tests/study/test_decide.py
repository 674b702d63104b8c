"""Replicates are added to what is undecided, and a kill loses none of them."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Outcome
from tests.study.rows import row, rows_of

from deeplab.config.compose import ComposedConfig
from deeplab.study.config import NoiseEntry, ReportedValue, StudyConfig, StudyEntry, read_study
from deeplab.study.decide import decide, next_step
from deeplab.study.entries import measure, noise_hashes, planned_sweep
from deeplab.study.matching import configuration_hash
from deeplab.study.results import ResultKey, Results
from deeplab.study.run import Study, StudyObserver, carry_out
from deeplab.sweep.plan import Plan, Trial

STUDY = """
title: t
about: a
replicates: 2
entries:
  clear: {run: [seed=1], figures: [{metric: test/accuracy, at_least: 0.5, source: s}]}
  open: {run: [seed=2], figures: [{metric: test/accuracy, reported: 0.9, tolerance: 0.05, source: s}]}
  paired: {run: [seed=3], figures: [{metric: test/accuracy, minus_entry: clear, at_least: 0, source: s}]}
"""


class Trainings:
    """Trainings that are none: each gives the next accuracy of its entry, and is asked for by entry and replicate."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, accuracies: dict[str, Iterator[float]]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._accuracies = accuracies
        monkeypatch.setattr("deeplab.study.decide.carry_out", self.carry_out)

    def carry_out(self, study: Study, name: str, entry: StudyEntry, replicates: int) -> None:
        self.asked.append((name, replicates))
        *_, last = rows_of(study.config, name, [0.0] * replicates)
        accuracy = next(self._accuracies[name])
        if accuracy < 0:
            raise KeyboardInterrupt
        study.results.add(type(last)(**{**vars(last), "scores": {"test/accuracy": accuracy}}))


class Told(StudyObserver):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def replicate_added(self, entry: str, replicates: int, why: str) -> None:
        self.lines.append(f"{entry} {replicates}: {why}")

    def deciding_ended(self, why: str) -> None:
        self.lines.append(why)


def a_study(folder: Path, **accuracies: list[float]) -> Study:
    (folder / "study.yaml").write_text(STUDY)
    config, results = read_study(folder), Results(folder)
    for name, values in accuracies.items():
        for line in rows_of(config, name, values):
            results.add(line)
    return Study(config, folder, (), None, Told(), results, {})  # type: ignore[arg-type]


def test_replicates_are_added_until_all_is_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_study(tmp_path, clear=[0.8, 0.81], open=[0.895, 0.905], paired=[0.9, 0.9])
    trainings = Trainings(monkeypatch, {"open": iter([0.9])})
    decide(study, [], 1.0, 10)
    assert trainings.asked == [("open", 3)]
    told = study.observer.lines
    assert told[0] == "open 3: test/accuracy is 0.9000 ± 0.0071 (0.8365 to 0.9635, n = 2), against 0.9 ± 0.05 (s)"
    assert told[-1] == "none is undecided"
    measured = {each.name: each for each in measure(study.config, study.results.rows)}
    assert all(verdict.outcome in ("reproduced", "holds") for each in measured.values() for verdict in each.verdicts)
    assert (measured["open"].added, len(measured["open"].rows), measured["open"].planned) == (1, 3, 3)


def test_a_kill_loses_nothing_and_the_same_step_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_study(tmp_path, clear=[0.8, 0.801], open=[0.7, 1.0], paired=[0.9, 0.9])
    scattered = iter([0.8, -1.0])
    trainings = Trainings(monkeypatch, {"open": scattered})
    with pytest.raises(KeyboardInterrupt):
        decide(study, [], 1.0, 10)
    assert [row.replicate for row in Results(tmp_path).rows if row.entry == "open"] == [0, 1, 2]
    again = a_study(tmp_path)
    trainings = Trainings(monkeypatch, {"open": itertools.repeat(0.9)})
    decide(again, [], 1.0, 5)
    assert trainings.asked == [("open", 4), ("open", 5)]
    assert again.observer.lines[-1] == "1 undecided with as many replicates as may be"


def test_pairs_grow_together_and_only_names_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_study(tmp_path, clear=[0.8, 0.9], open=[0.7, 1.0], paired=[0.9, 0.8])
    trainings = Trainings(monkeypatch, {name: itertools.repeat(0.9) for name in ("clear", "paired")})
    decide(study, ["paired"], 1.0, 3)
    assert trainings.asked == [("clear", 3), ("paired", 3)]


@pytest.mark.parametrize("hours", [0.0, 1.0 / 3600])
def test_nothing_is_begun_that_would_take_longer_than_there_is_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    study = a_study(tmp_path, clear=[0.8, 0.801], open=[0.7, 1.0], paired=[0.9, 0.9])
    trainings = Trainings(monkeypatch, {})
    decide(study, [], hours, 10)  # a replicate took 1 s
    assert trainings.asked == []
    assert study.observer.lines == ["open would take 1 s, and the time is nearly up"]


def test_an_entry_whose_runs_are_not_all_there_is_left_alone(tmp_path: Path) -> None:
    study = a_study(tmp_path, clear=[0.8, 0.801], open=[0.7])
    measured = measure(study.config, study.results.rows)
    assert next_step(measured, list(study.config.entries), 10) is None


NOISE = StudyConfig("t", "a", 2, {
    "net": StudyEntry(run=("seed=1",)),
    "code": StudyEntry(run=("model=autoencoder", "noise=masking")),
    "dark": StudyEntry(
        noise=NoiseEntry("net", ("code",), "0,0.5", 2),
        figures=(ReportedValue(metric="noisy@0", at_least=0, source="s"),),
    ),
})  # fmt: skip


def test_an_evaluation_gets_its_next_replicate_of_the_next_networks(tmp_path: Path) -> None:
    hashes = noise_hashes(NOISE, NOISE.entries["dark"], 3)
    assert len(set(hashes)) == 3
    networks = [line for name in ("net", "code") for line in rows_of(NOISE, name, [0.5] * 2)]
    assert {line.configuration for line in networks}.isdisjoint(hashes)
    rows = [*networks]
    for number in (0, 1):
        template = networks[0]
        key = ResultKey("dark", "", number, hashes[number])
        rows.append(type(template)(**{**vars(template), **vars(key), "scores": {"noisy@0": float(number)}}))
    measured = measure(NOISE, rows)
    assert len(measured[2].rows) == 2
    step = next_step(measured, ["dark"], 10)
    assert step is not None
    assert (step.replicates, step.grown) == (3, ("net", "code", "dark"))
    step = next_step(measure(NOISE, rows[:-1]), ["dark"], 10)
    assert step is not None
    assert step.grown == ("dark",)  # there are networks enough


def test_an_evaluation_says_which_network_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study(NOISE, tmp_path, (), None, Told(), Results(tmp_path), {})  # type: ignore[arg-type]
    for line in rows_of(NOISE, "net", [0.5]):
        study.results.add(line)
    monkeypatch.setattr("deeplab.study.run.run_by_id", lambda store, run: None)
    monkeypatch.setattr("deeplab.study.run.all_runs", lambda store: [])
    carry_out(study, "dark", NOISE.entries["dark"])
    assert study.failed == {"dark": "entry 'code' has no finished run yet"}
    for line in rows_of(NOISE, "code", [0.5]):
        study.results.add(line)
    carry_out(study, "dark", NOISE.entries["dark"])
    assert study.failed["dark"].startswith("run r of entry 'code' is in another store; without its line in results.csv")


def test_a_sweep_grows_at_every_point_and_only_what_is_missing_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = StudyEntry(
        sweep=("model=mlp_64_64", "l2=0.1,0.2", "replicates=2"),
        figures=(ReportedValue(metric="test/accuracy", reported=0.9, tolerance=0.05, source="s"),),
    )
    study = Study(StudyConfig("t", "a", 2, {"e": entry}), tmp_path, (), None, Told(), Results(tmp_path), {})  # type: ignore[arg-type]
    plan = planned_sweep(entry, replicates=3)

    def add(trial: Trial, accuracy: float) -> None:
        scores = {"validation/accuracy": accuracy, "test/accuracy": accuracy}
        line = row(trial.replicate, scores, "e", f"l2={plan.points[trial.point]['l2']}")
        study.results.add(replace(line, configuration=configuration_hash(trial.values)))

    for trial in plan.trials:
        if trial.replicate < 2:
            add(trial, 0.7 + 0.2 * trial.point + 0.1 * trial.replicate)
    (before,) = measure(study.config, study.results.rows)
    step = next_step([before], ["e"], 10)
    assert step is not None
    assert (step.replicates, step.seconds, before.planned) == (3, 2.0, 4)

    trained: list[Trial] = []

    def train(study: Study, composed: ComposedConfig) -> str:
        (trial,) = [trial for trial in plan.trials if trial.values == composed.values]
        trained.append(trial)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return str(len(plan.trials))

    def keep(study: Study, name: str, plan: Plan, number: int, run_id: str) -> None:
        add(plan.trials[number], 0.99)

    monkeypatch.setattr("deeplab.study.run._trained", train)
    monkeypatch.setattr("deeplab.study.run._keep_trial", keep)
    monkeypatch.setattr("deeplab.study.run.all_runs", lambda store: [])
    with pytest.raises(KeyboardInterrupt):
        carry_out(study, "e", entry, 3)
    assert [(trial.point, trial.replicate) for trial in trained] == [(0, 2), (1, 2)]
    (cut,) = measure(study.config, study.results.rows)
    # The point with one replicate more does not win by it.
    assert (cut.chosen.point, cut.replicates, cut.added, cut.planned) == ("l2=0.2", 2, 1, 5)
    carry_out(study, "e", entry, 3)
    (after,) = measure(study.config, study.results.rows)
    assert ([(trial.point, trial.replicate) for trial in trained[2:]], after.replicates) == ([(1, 2)], 3)


SMALL = """
title: t
about: a
replicates: 2
entries:
  dense:
    run: [model=dense_relu, dataset.image_size=8, dataset.limit=60, training.epochs=1, tracking.plots=none]
    figures: [{metric: test/accuracy, reported: 0.5, tolerance: 0.9, source: s}]
"""


@pytest.mark.slow
def test_replicates_are_really_trained(
    folder: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "study.yaml").write_text(SMALL)
    config = read_study(folder)
    for line in rows_of(config, "dense", [0.0, 1.0]):  # the interval of two such is as wide as can be
        Results(folder).add(line)
    outcome = cli("study", ".", "--decide", "--max-replicates", "3")
    assert outcome.err == ""
    assert "dense gets replicate 3: test/accuracy is 0.5000 ± 0.7071 (-5.8531 to 6.8531, n = 2), against" in outcome.out
    (run,) = runs()
    rows = Results(folder).rows
    assert rows[2].run == run.info.run_id
    planned = rows_of(config, "dense", [0.0] * 3)
    assert [row.configuration for row in rows] == [row.configuration for row in planned]
    assert "Replicates were added here until a verdict was reached" in (folder / "README.md").read_text()
    assert "3 of 3 runs are finished." in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--decide", "--report"), "--report trains nothing, and --decide trains: give one of them."),
        (("--decide", "--hours", "0"), "--hours must be a number above 0, got 0."),
        (("--decide", "--hours", "nan"), "--hours must be a number above 0, got nan."),
        (("--hours", "2"), "--hours and --max-replicates say how far --decide goes; give it, too."),
    ],
)
def test_what_is_no_budget_is_told_in_a_line(
    tmp_path: Path, cli: Callable[..., Outcome], options: tuple[str, ...], told: str
) -> None:
    (tmp_path / "study.yaml").write_text(SMALL)
    assert cli("study", str(tmp_path), *options)[::2] == (2, f"deeplab: {told}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]
