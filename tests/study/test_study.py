"""A study of three kinds of entries, really trained, on very little data."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PATIENCE, Outcome

from deeplab.errors import RunError, UserError
from deeplab.report.markdown import to_markdown
from deeplab.study.config import ReportedValue, StudyConfig, StudyEntry, read_study
from deeplab.study.entries import EntryResult, planned_runs
from deeplab.study.matching import configuration_hash
from deeplab.study.page import is_trained_too_few_times, study_report
from deeplab.study.results import Result, Results
from deeplab.study.verdicts import Chosen, chosen_point, verdicts
from deeplab.sweep.grid import point_name
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.results.summary import TrialScores, scores_in, summarise
from deeplab.sweep.run import run_sweep
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import open_store

pytestmark = pytest.mark.slow

STUDY = """
title: A small study
about: Whether a study does what it says.
replicates: 2
entries:
  dense:
    run: [model=dense_relu, dataset.image_size=8, dataset.limit=120, training.epochs=2, tracking.plots=none]
    figures:
      - {metric: test/accuracy, reported: 0.5, tolerance: 9, source: nobody}
      - {metric: max_val/accuracy, at_least: 1.01, source: nobody}
  code:
    run: [model=autoencoder, noise=masking, dataset.image_size=8, dataset.limit=120, training.epochs=1]
    replicates: 1
  noise:
    noise: {classifier: dense, denoisers: [code], levels: "0,0.5", seeds: 2}
    figures: [{metric: noisy@0, minus: code@0, at_least: -1, source: nobody}]
"""

SWEEP = """
title: A sweep
about: Two factors.
replicates: 1
entries:
  decay:
    sweep: [model=dense_relu, "l2=choice(0,0.01)", dataset.image_size=8, dataset.limit=60, training.epochs=1]
    figures: [{metric: test/loss, at_most: 100, source: nobody, point: l2=0.01}]
"""


@pytest.fixture
def study(folder: Path) -> Path:
    (folder / "small").mkdir()
    (folder / "small" / "study.yaml").write_text(STUDY)
    return folder / "small"


def test_a_study_trains_what_is_missing_once_and_writes_what_it_found(
    study: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]
) -> None:
    taken = cli("train", "model=dense_relu", "dataset.image_size=8", "dataset.limit=120", "training.epochs=2")
    assert taken.status == 0
    # As if the run of before had been trained with other versions than those of today.
    (packages,) = study.parent.glob("mlruns/**/packages.txt")
    packages.write_text(re.sub("keras==.*", "keras==3.0.1", packages.read_text()))
    # A run of the study that was killed before it wrote down its configuration cannot be gone on with.
    config = read_study(study)
    (code,) = planned_runs("code", config.entries["code"], config)
    with RunLog.begin(open_store(code.config.tracking), "code", code.values, {"deeplab.kind": "train"}, None) as log:
        log.end("KILLED")
    first = cli("study", "small")
    assert (first.status, first.err) == (4, "")
    assert first.out.endswith("\n1 of 3 figures differ or fall short; 1 of 3 figures are undecided\n")
    assert "dense: 0 of 2 done, 2 to do" in first.out
    assert "of this store is taken" in first.out
    lines = Results(study).rows
    assert [(line.entry, line.replicate) for line in lines] == [("code", 0), ("dense", 0), ("dense", 1), ("noise", 0)]
    assert len({line.configuration for line in lines}) == 4
    by_id = {run.info.run_id: run for run in runs()}
    assert len(by_id) == 5
    for line in lines[:3]:
        assert line.scores["test/loss"] == by_id[line.run].data.metrics["test/loss"]
    before = lines[1].versions.split()
    assert [version for version in before if version.startswith("keras")] == ["keras-3.0.1"]
    for line in (lines[0], lines[2], lines[3]):
        assert [version.partition("-")[0] for version in line.versions.split()] == [
            *("deeplab", "tensorflow", "keras", "numpy")
        ]
        assert "keras-3.0.1" not in line.versions
    page = (study / "README.md").read_text()
    mean = (lines[1].scores["test/accuracy"] + lines[2].scores["test/accuracy"]) / 2
    row = next(line for line in page.splitlines() if line.startswith("| dense | test/accuracy"))
    assert f"| 0.5 ± 9 | nobody | {mean:.4f} ± " in row
    assert "| 2 of 2 |" in row
    assert row.endswith(": in it | reproduced |")
    assert "so that little is known of their spread: dense, code." in page
    assert "| at least 1.01 | nobody |" in page
    assert "| falls short |" in page
    for picture in ("reported", "noise_noise_curve", "noise_level_0.500"):
        assert f"(figures/{picture}.png)" in page
        assert (study / "figures" / f"{picture}.png").stat().st_size > 1000

    html = cli("report", "small")
    assert (html.status, html.out) == (0, "report report-small.html\n")
    text = (study.parent / "report-small.html").read_text()
    assert f"{mean:.4f} ± " in text
    assert text.count("data:image/png;base64,") == page.count("](figures/")

    again = cli("study", "small")
    assert "dense: 2 of 2 done\n" in again.out
    assert len(runs()) == 5
    assert (study / "README.md").read_text() == page
    (study / "study.yaml").write_text(STUDY.replace("training.epochs=2", "training.epochs=3"))
    cli("study", "small", "--report")
    assert "| not yet run |" in (study / "README.md").read_text()


def test_a_page_is_written_of_nothing(study: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]) -> None:
    outcome = cli("study", "small", "--report")
    assert (outcome.status, outcome.err) == (3, "")
    assert outcome.out.endswith("3 of 3 figures are not measured; 4 of 4 runs are missing\n")
    assert (study / "README.md").read_text().count("| not yet run |") == 3
    assert runs() == []


def test_the_report_of_a_study_makes_no_store(
    tmp_path: Path, cli: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    outcome = cli("study", ".", "--report")
    assert (outcome.status, outcome.err) == (3, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "figures", "study.yaml"]


def test_a_study_of_which_a_run_failed_has_its_page_and_status_1(
    study: Path, cli: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise RunError("1 of the study's runs failed")

    monkeypatch.setattr("deeplab.cli.commands.study.run_study", failing)
    outcome = cli("study", "small")
    assert (outcome.status, outcome.err) == (1, "deeplab: 1 of the study's runs failed\n")
    assert "4 of 4 runs are missing\n" in outcome.out
    assert (study / "README.md").is_file()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title: [", "study.yaml, line 2: is no valid YAML ("),
        (STUDY.replace("  dense:", "  code:", 1), ": the key 'entries.code' stands twice, first in line "),
        (STUDY.replace("title: ", "title: &a "), "study.yaml, line 2: YAML anchors and aliases are refused"),
        (STUDY.replace('levels: "0,0.5"', "levels: 0:1:0.5"), "noise.levels: 0:1:0.5 is a number in sixties"),
        ("title: x", "about is missing."),
        (STUDY.replace("classifier: dense", "classifier: dens"), "Unknown entry 'dens'"),
        (STUDY.replace("tolerance: 9, ", ""), "reported and tolerance go together"),
        (STUDY.replace('levels: "0,0.5"', 'levels: "0:1"'), "noise.levels 0:1: write START:STOP:STEP"),
        (
            STUDY.replace("replicates: 2", "replicates: 1000000000"),
            "replicates: Input should be less than or equal to 1000.",
        ),
        (STUDY.replace("seeds: 2", "seeds: 1000000"), "seeds: Input should be less than or equal to 1000."),
        (STUDY + "".join(f"  e{n}: {{run: [seed=0]}}\n" for n in range(100)), "at most 100 items"),
        (
            STUDY + "".join(f'  e{n}: {{run: ["tags.a=[{"a," * 1200}a]"]}}\n' for n in range(5)),
            "the overrides of all entries have 12",
        ),
        (STUDY.replace("model=autoencoder", "model=autoencodr"), "Entry 'code': Unknown model 'autoencodr'."),
        (STUDY.replace("source: nobody}\n  code", "source: nobody, point: x}\n  code"), "of a sweep have a point"),
        (
            SWEEP.replace("point: l2=0.01", "point: l2=0.1"),
            "Unknown point 'l2=0.1' in entry 'decay'. Did you mean 'l2=0",
        ),
    ],
)
def test_a_wrong_study_is_one_line(study: Path, cli: Callable[..., Outcome], text: str, line: str) -> None:
    (study / "study.yaml").write_text(text)
    outcome = cli("study", "small", "--report")
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert line in outcome.err


def test_a_folder_without_a_study_and_an_entry_that_is_none(study: Path, cli: Callable[..., Outcome]) -> None:
    assert "study.yaml: No such file or directory." in cli("study", "nowhere").err
    reported = cli("report", "experiments/nowhere")
    assert (reported.status, reported.err.count("\n")) == (2, 1)
    assert reported.err.endswith(" There is no study.yaml in experiments/nowhere either.\n")
    assert "study.yaml" not in cli("report", "tracking.uri=sqlite:///mlflow.db").err
    outcome = cli("study", "small", "--only", "dens")
    assert (outcome.status, "Unknown entry 'dens' in --only. Did you mean 'dense'?" in outcome.err) == (2, True)


def test_a_point_that_a_sweep_does_not_have_is_told_before_anything_is_trained(
    study: Path, cli: Callable[..., Outcome], runs: Callable[[], list[Any]]
) -> None:
    (study / "study.yaml").write_text(SWEEP.replace("point: l2=0.01", "point: l2=0.1"))
    outcome = cli("study", "small")
    assert (outcome.status, outcome.err.count("\n"), runs()) == (2, 1, [])
    assert "Unknown point 'l2=0.1' in entry 'decay'." in outcome.err


def test_results_that_somebody_broke_are_named(study: Path) -> None:
    (study / "results.csv").write_text("entry,point\nx,y\n")
    with pytest.raises(UserError, match=r"results.csv cannot be read"):
        Results(study)


WRITER = """
import sys
from pathlib import Path
from deeplab.study.results import Result, Results

results = Results(Path())
print("begun", flush=True)
sys.stdin.readline()
for replicate in range(15):
    results.add(Result(sys.argv[1], "", replicate, "c", "r", "2026-01-01", "d", "cpu", "", "v", 1.0, {}))
"""


def test_two_processes_that_carry_out_one_study_keep_each_other_s_lines(study: Path) -> None:
    command = [sys.executable, "-c", WRITER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    writers = [subprocess.Popen([*command, name], cwd=study, text=True, **pipes) for name in ("a", "b")]
    assert [writer.stdout.readline() for writer in writers] == ["begun\n", "begun\n"]
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, err = writer.communicate(timeout=PATIENCE)
        assert (writer.returncode, err) == (0, "")
    found = [(line.entry, line.replicate) for line in Results(study).rows]
    assert found == [(name, replicate) for name in ("a", "b") for replicate in range(15)]
    assert sorted(path.name for path in study.iterdir()) == [".deeplab", "results.csv", "study.yaml"]


def result(point: str, replicate: int, **scores: float) -> Result:
    named = {name.replace("__", "/"): value for name, value in scores.items()}
    return Result("e", point, replicate, "c", "r", "2026-01-01", "d", "cpu", "", "v", 1.0, named)


TWO = ("model=mlp_64_64", "l2=0.1,0.2")


@pytest.mark.parametrize(
    ("overrides", "scores", "expected"),
    [
        (TWO, ([0.8], [0.9]), Chosen("l2=0.2", "val/accuracy", 0, False)),
        # what the sweep is told to compare, not what there is
        ((*TWO, "sweep.metric=val/loss"), ([0.8], [0.9]), Chosen("l2=0.1", "val/loss", 0, False)),
        ((*TWO, "sweep.metric=test/loss", "validation=none"), ([0.8], [0.9]), Chosen("l2=0.1", "test/loss", 0, True)),
        # a point that lacks replicates does not win while another has them all
        ((*TWO, "replicates=2"), ([0.8, 0.8], [0.9]), Chosen("l2=0.1", "val/accuracy", 0, False)),
        ((*TWO, "replicates=2"), ([0.8], [0.9]), Chosen("l2=0.2", "val/accuracy", 0, False)),
        # of equals the first of the plan
        (("model=mlp_64_64,dense_relu",), ([0.9], [0.9]), Chosen("model=mlp_64_64", "val/accuracy", 0, False)),
        ((*TWO, "validation=test"), ([0.8], [0.9]), Chosen("l2=0.2", "val/accuracy", 0, True)),
        (TWO, ([], []), None),
    ],
)
def test_a_study_judges_the_point_that_its_sweep_would_choose(
    overrides: tuple[str, ...], scores: tuple[list[float], list[float]], expected: Chosen | None
) -> None:
    plan = plan_sweep(overrides, None)
    names = [point_name(settings) for settings in plan.points]
    found = [f"{data}__{kind}" for data in ("validation", "test") for kind in ("accuracy", "loss")]
    lines = [
        result(name, replicate, **dict.fromkeys(found, value))
        for name, values in reversed(list(zip(names, scores, strict=True)))
        for replicate, value in enumerate(values)
    ]
    assert chosen_point(plan, lines) == expected
    trials = [TrialScores(names.index(line.point), line.replicate, "r", scores_in(line.scores), 1.0) for line in lines]
    of_sweep = summarise(plan.points, trials, plan.sweep.comparison.metric, plan.replicates).best
    assert (expected and expected.point) == (None if of_sweep is None else names[of_sweep])


def test_a_point_of_a_study_on_the_test_set_does_not_win() -> None:
    plan = plan_sweep(["model=mlp_64_64", "validation=test,tail,random"], None)
    lines = [
        result(f"validation={name}", 0, validation__accuracy=value)
        for name, value in (("test", 0.99), ("tail", 0.9), ("random", 0.95))
    ]
    assert chosen_point(plan, lines) == Chosen("validation=random", "val/accuracy", 1, False)


@pytest.mark.parametrize(("validation", "told"), [("validation=tail", False), ("validation=test", True)])
def test_a_page_says_what_was_chosen_on_the_test_set(validation: str, told: bool) -> None:
    config = StudyConfig("t", "a", 1, {
        "one": StudyEntry(run=("model=mlp_64_64", validation)),
        "many": StudyEntry(sweep=("model=mlp_64_64", "l2=0.1,0.2", validation)),
    })  # fmt: skip
    entry, sweep = config.entries.values()
    lines = [replace(result("", 0, validation__accuracy=0.5), entry="one")]
    lines += [replace(result(f"l2={l2}", 0, validation__accuracy=float(l2)), entry="many") for l2 in ("0.1", "0.2")]
    (composed,) = planned_runs("one", entry, config)
    hashes = [configuration_hash(each.values) for each in (composed, *plan_sweep(list(sweep.sweep or ()), None).trials)]
    lines = [replace(line, configuration=found) for line, found in zip(lines, hashes, strict=True)]
    text, _ = to_markdown(study_report(config, lines, Path("x")), "figures", lambda _: None)
    assert "Best by mean validation/accuracy: l2=0.2." in text
    assert ("It was chosen on the test set" in text) is told
    assert ("Validated on the test set: scores of validation are scores of the test set" in text) is told


def test_figures_of_a_sweep_are_those_of_its_best_point_or_of_the_one_they_name() -> None:
    lines = [result(point, n, validation__accuracy=0.8 if point == "a" else 0.9) for point in "ab" for n in range(3)]
    best = ReportedValue(metric="validation/accuracy", source="s", reported=0.95, tolerance=0.04)
    named = ReportedValue(metric="validation/accuracy", source="s", reported=0.85, tolerance=0.06, point="a")
    found = verdicts("e", StudyEntry(sweep=("x",), figures=(best, named)), lines, "b")
    assert [(verdict.label, verdict.outcome) for verdict in found] == [("e, b", "differs"), ("e, a", "reproduced")]


def test_trials_of_a_sweep_are_kept_as_they_finish(
    study: Path, cli: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    (study / "study.yaml").write_text(SWEEP)

    def interrupted(*arguments: Any) -> None:
        run_sweep(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("deeplab.study.run.run_sweep", interrupted)
        assert cli("study", "small").status == 130
    lines = Results(study).rows
    assert [line.point for line in lines] == ["l2=0", "l2=0.01"]
    again = cli("study", "small")
    assert (again.status, "decay: 2 of 2 done\n" in again.out) == (3, True)  # one replicate decides nothing
    page = (study / "README.md").read_text()
    assert f"| decay, l2=0.01 | test/loss | at most 100 | nobody | {lines[1].scores['test/loss']:.4f} |" in page
    assert "\ndeeplab sweep model=dense_relu 'l2=choice(0,0.01)'" in page


@pytest.mark.parametrize(("points", "few"), [("aaabb", True), ("aaabbb", False), ("", False)])
def test_points_of_a_sweep_with_fewer_than_three_trainings_are_known(points: str, few: bool) -> None:
    lines = tuple(result(point, replicate) for replicate, point in enumerate(points))
    assert is_trained_too_few_times(EntryResult("e", StudyEntry(sweep=("x",), figures=()), lines, 6, ())) is few


def test_a_page_says_how_wide_a_tolerance_is_beside_what_was_measured() -> None:
    figure = ReportedValue(metric="test/accuracy", source="s", reported=0.9, tolerance=0.02)
    config = StudyConfig("t", "a", 3, {"e": StudyEntry(run=("model=mlp_64_64",), figures=(figure,))})
    for values, cell in (((0.89, 0.90, 0.91), "| 2.0 |"), ((0.9, 0.9, 0.9), ""), ((0.9,), "")):
        runs = planned_runs("e", config.entries["e"], config)
        lines = [
            replace(result("", number, test__accuracy=value), configuration=configuration_hash(each.values))
            for number, (value, each) in enumerate(zip(values, runs, strict=False))
        ]
        text, _ = to_markdown(study_report(config, lines, Path("x")), "figures", lambda _: None)
        (row,) = [line for line in text.splitlines() if line.startswith("| e | test/accuracy | 0.9 ± 0.02 | s |")]
        assert cell in row
        assert ("tolerance / std" in text) is bool(cell)


def test_what_is_subtracted_is_subtracted_as_it_is_written() -> None:
    figure = ReportedValue(metric="a@1", minus="b@1", source="s", at_least=0.2)
    lines = [result("", number, **{"a@1": 0.3, "b@1": 0.1}) for number in range(3)]
    (verdict,) = verdicts("e", StudyEntry(run=("x",), figures=(figure,)), lines)
    assert (verdict.outcome, verdict.within, verdict.measured.mean) == ("holds", 3, 0.2)


def test_every_study_of_the_project_can_be_read() -> None:
    folders = sorted(path.parent for path in (Path(__file__).resolve().parents[2] / "experiments").glob("*/study.yaml"))
    assert len(folders) >= 6
    assert all(read_study(folder).entries for folder in folders)


def test_folds_are_held_against_no_figure(tmp_path: Path, cli: Callable[..., Any]) -> None:
    sweep = "[model=mlp_64_64, 'l2=0.1,0.2', validation=kfold]"
    figure = "{metric: test/accuracy, reported: 0.9, tolerance: 0.05, source: s}"
    (tmp_path / "study.yaml").write_text(
        f"title: t\nabout: a\nreplicates: 1\nentries:\n  e: {{sweep: {sweep}, figures: [{figure}]}}\n"
    )
    status, _, err = cli("study", str(tmp_path))
    assert (status, err.count("\n")) == (2, 1)
    assert "entry 'e': the trainings of validation=kfold share their examples" in err
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]
