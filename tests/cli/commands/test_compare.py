"""`deeplab compare` of sweeps, points and studies: words, tables and files."""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from tests.cli.conftest import CNN, accuracies
from tests.conftest import ROOT, Outcome
from tests.report.test_latex import BOOKTABS, compiled, with_latex
from tests.study.rows import rows_of

from deeplab.data.splits import Split
from deeplab.dataset_info import DatasetInfo
from deeplab.evaluation.kept_predictions import FILE, to_npz
from deeplab.evaluation.paired_sequence import paired_interval
from deeplab.evaluation.scores import Predictions
from deeplab.study.config import read_study
from deeplab.study.results import Results
from deeplab.tracking.artifacts import put_file
from deeplab.tracking.find import find_run
from deeplab.tracking.store import Store

Cli = Callable[..., Outcome]
Forge = Callable[..., str]
GOOD, BAD = [0.95, 0.96, 0.94], [0.85, 0.87, 0.84]


@pytest.fixture
def sweep(forged: Forge) -> Callable[..., str]:
    """Write a sweep with the trials of its points, whose scores on test and validation rows are the same."""

    def write(
        name: str, points: dict[str, Sequence[float]], values: dict[str, object] = CNN, first: int = 0, **tags: str
    ) -> str:
        parent = forged(name, {"sweep": {"metric": "val/accuracy"}}, kind="sweep", **tags)
        for place, (point, scores) in enumerate(points.items()):
            for number, score in enumerate(scores):
                own = {"kind": "trial", "parent": parent, "point": str(place), "replicate": str(number), **tags}
                label = f"{point} #{number + 1}" if len(scores) > 1 else point
                forged(label, {**values, "seed": first + number, "l2": place}, accuracies(score, score), **own)
        return parent

    return write


def keep_predictions(store: Store, name: str, correct: Sequence[bool], fingerprint: str = "a") -> None:
    """Give a run what it said of the test rows, of which it predicts some correctly."""
    labels = np.zeros(len(correct), np.int32)
    outputs = np.eye(2, dtype=np.float32)[np.where(correct, 0, 1)]
    info = DatasetInfo("d", (1,), 2, ("0", "1"), fingerprint, 1.0)
    content = to_npz(Predictions(outputs, labels), Split.whole(np.zeros((len(correct), 1), np.float32), labels), info)
    put_file(store, find_run(store, name), FILE, content or b"")


def bold_rows(out: str) -> list[str]:
    """The names of the groups whose row in the table of scores is bold."""
    rows = [line for line in out.splitlines() if "\x1b[1m" in line]
    words = [re.sub(r"\x1b\[\d+m", "", line).split() for line in rows]
    return [each[1] for each in words if each[0].isdigit()]


def test_a_sweep_is_compared_by_its_points_in_pairs_of_seeds(cli: Cli, sweep: Callable[..., str]) -> None:
    sweep("s", {"l2=0": GOOD, "l2=1": BAD})
    status, out, err = cli("compare", "s", "--json")
    assert (status, err) == (0, "")
    said = json.loads(out)
    best, worse = said["groups"]
    assert (said["score"], best["name"], best["best"], best["word"]) == ("test/accuracy", "l2=0", True, None)
    assert (worse["word"], worse["to_best"]["kind"]) == ("worse", "pairs")
    expected = stats.ttest_rel(BAD, GOOD).confidence_interval(0.95)
    interval = worse["to_best"]["interval"]
    assert (interval["low"], interval["high"]) == pytest.approx((expected.low, expected.high))
    assert worse["statistics"]["test/accuracy"]["mean"] == pytest.approx(np.mean(BAD))
    assert worse["statistics"]["test/accuracy"]["deviation"] == pytest.approx(np.std(BAD, ddof=1))
    out = cli("compare", "s")[1]
    assert re.search(r"^1 l2=0 +3 0.9500 ± 0.0100 0.9500 ± 0.0100 +best", out, re.MULTILINE)
    assert re.search(r"^2 l2=1 +3 0.8533 ± 0.0153 .* -0.0967 -0.1110 to -0.0823 worse", out, re.MULTILINE)
    assert "of pairs of the same seed (Student); they tell what other seeds would give, not what" in out
    assert "since l2=0 (" in out


@pytest.fixture
def folded(forged: Forge) -> Callable[..., str]:
    """Write a sweep whose points are trained with three folds of each seed."""

    def write(name: str, points: dict[str, Sequence[float]], first: int = 0, **tags: str) -> str:
        parent = forged(name, {"sweep": {"metric": "val/accuracy"}}, kind="sweep", **tags)
        for place, (point, scores) in enumerate(points.items()):
            for number, score in enumerate(scores):
                own = {"kind": "trial", "parent": parent, "point": str(place), "replicate": str(number)}
                validation = {"kind": "kfold", "folds": 3, "fold": number % 3 + 1}
                values = {**CNN, "seed": first + number // 3, "l2": place, "validation": validation}
                label = f"{point} #{number // 3 + 1} fold {number % 3 + 1}"
                forged(label, values, accuracies(score, score), **own)
        return parent

    return write


FOLDS = {"l2=0": [0.95, 0.96, 0.94, 0.955, 0.95, 0.96], "l2=1": [0.90, 0.95, 0.89, 0.94, 0.90, 0.94]}


def test_folds_are_pairs_and_share_their_examples(cli: Cli, folded: Callable[..., str]) -> None:
    folded("s", FOLDS)
    said = json.loads(cli("compare", "s", "--json")[1])
    best, other = said["groups"]
    assert (best["name"], best["n"], other["n"], other["word"]) == ("l2=0", 6, 6, "undecided")
    assert other["to_best"]["kind"] == "folds"
    differences = np.subtract(FOLDS["l2=1"], FOLDS["l2=0"])
    half = stats.t.ppf(0.975, 5) * differences.std(ddof=1) * np.sqrt(1 / 6 + 1 / 2)  # Nadeau and Bengio's variance
    interval = other["to_best"]["interval"]
    assert (interval["low"], interval["high"]) == pytest.approx((differences.mean() - half, differences.mean() + half))
    assert stats.ttest_rel(*FOLDS.values()).pvalue < 0.05, "which plain pairs would call worse"
    alone = best["statistics"]["test/accuracy"]["interval"]
    assert alone == pytest.approx(stats.t.ppf(0.975, 5) * np.std(FOLDS["l2=0"], ddof=1) * np.sqrt(1 / 6 + 1 / 2))
    assert list(said["differences"]) == ["l2"]
    out = cli("compare", "s")[1]
    assert re.search(r"^1 l2=0 +3 folds × 2 repeats 0.9525 ± ", out, re.MULTILINE)
    assert "of pairs of the same seed and fold, corrected for the examples that folds share" in out
    folded("u", {"l2=2": FOLDS["l2=1"]}, first=7)
    said = json.loads(cli("compare", "s:l2=0", "u", "--json")[1])
    assert [each["word"] for each in said["groups"]] == [None, "undecided"]
    assert "Nothing is known of the difference in test accuracy to the best" in said["sentences"][1]


def test_what_grew_until_it_was_decided_has_the_interval_that_may_be_looked_at(
    cli: Cli, sweep: Callable[..., str], folded: Callable[..., str], forged: Forge
) -> None:
    scores = {"l2=0": [0.95, 0.96, 0.94, 0.95, 0.97, 0.95], "l2=1": [0.90, 0.93, 0.90, 0.90, 0.92, 0.91]}
    sweep("s", scores, decision="l2=0 is better.")
    other = json.loads(cli("compare", "s", "--json")[1])["groups"][1]
    expected = paired_interval(np.subtract(scores["l2=1"], scores["l2=0"]).tolist())
    assert expected is not None
    assert (other["to_best"]["kind"], other["to_best"]["interval"]["low"]) == ("looks", pytest.approx(expected.low))
    folded("f", FOLDS, decision="l2=0 is better.")
    assert json.loads(cli("compare", "f", "--json")[1])["groups"][1]["to_best"] is None, "of two seeds nothing is known"


def test_groups_that_do_not_share_their_seeds_are_compared_by_welch(cli: Cli, sweep: Callable[..., str]) -> None:
    more = [0.9, 0.91, 0.93, 0.89]
    sweep("s", {"l2=0": GOOD, "l2=1": BAD})
    sweep("u", {"l2=2": more}, first=2)
    said = json.loads(cli("compare", "s:l2=0", "u:l2=2", "--json")[1])
    other = said["groups"][1]
    assert [group["name"] for group in said["groups"]] == ["s: l2=0", "u: l2=2"]
    assert other["to_best"]["kind"] == "Welch"
    expected = stats.ttest_ind(more, GOOD, equal_var=False).confidence_interval(0.95)
    interval = other["to_best"]["interval"]
    assert (interval["low"], interval["high"]) == pytest.approx((expected.low, expected.high))
    assert "of groups that do not share their seeds (Welch)" in said["sentences"][1]
    told = cli("compare", "s:l2=3", "u")[2]
    assert "Unknown point 'l2=3' in the sweep s (" in told
    assert "Did you mean 'l2=" in told


def test_the_best_is_bold_by_validation_and_none_at_one_training(
    cli: Cli, forged: Forge, sweep: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    on_test = {**CNN, "validation": {"kind": "test"}}
    sweep("fair", {"fair": [0.7, 0.7], "worse": [0.6, 0.6]})
    sweep("seen", {"seen": [0.99, 0.99]}, on_test)
    out = cli("compare", "fair", "seen")[1]
    assert bold_rows(out) == ["fair"]
    assert "0.9900 ± 0.0000*" in out
    assert "1 group was validated on the test set and left out of the best." in out
    assert "\n* validated on the test set\n" in out
    sweep("better", {"better": [0.995, 0.995]}, on_test)
    out = cli("compare", "seen", "better")[1]
    assert bold_rows(out) == ["better"]
    assert "It was chosen on the test set, so its score is too good" in out
    forged("one", CNN, accuracies(0.7, 0.7))
    forged("other", CNN, accuracies(0.6, 0.9))
    assert bold_rows(cli("compare", "one", "other")[1]) == []


def test_two_runs_are_compared_row_by_row(cli: Cli, own_store: Store, forged: Forge) -> None:
    first, second = [True] * 90 + [False] * 10, [True] * 70 + [False] * 20 + [True] * 10
    for name, correct in (("one", first), ("other", second)):
        forged(name, CNN, accuracies(0.5, 0.5))
        keep_predictions(own_store, name, correct)
    said = json.loads(cli("compare", "one", "other", "--json")[1])
    assert said["mcnemar"] == {"only_first": 20, "only_second": 10, "p_value": stats.binomtest(20, 30).pvalue}
    assert (
        "Of 100 test rows 1 alone predicts 20 correctly, and 2 alone 10: p = 0.0987"
        in cli("compare", "one", "other")[1]
    )
    forged("elsewhere", CNN, accuracies(0.5, 0.5))
    keep_predictions(own_store, "elsewhere", first, "another")
    out = cli("compare", "one", "elsewhere")[1]
    assert "They are not compared row by row, since their test rows are not the same." in out
    forged("old", CNN, accuracies(0.5, 0.5))
    assert re.search(r"since old \(\w{8}\) has kept no predictions", cli("compare", "one", "old")[1])
    put_file(own_store, find_run(own_store, "old"), FILE, b"no archive")
    assert re.search(r"since the predictions of old \(\w{8}\) are damaged", cli("compare", "one", "old")[1])


def test_rows_make_an_interval_wider(cli: Cli, own_store: Store, sweep: Callable[..., str]) -> None:
    sweep("s", {"l2=0": [0.90, 0.91], "l2=1": [0.80, 0.811]})
    narrow = json.loads(cli("compare", "s", "--json")[1])["groups"][1]["to_best"]
    rng = np.random.default_rng(0)
    for point, share in (("l2=0", 0.9), ("l2=1", 0.8)):
        for number in (1, 2):
            keep_predictions(own_store, f"{point} #{number}", (rng.random(60) < share).tolist())
    wide = json.loads(cli("compare", "s", "--json")[1])["groups"][1]["to_best"]
    assert narrow["over_rows"] is None
    assert wide["over_seeds"] == narrow["over_seeds"]
    assert (
        wide["interval"]["low"] == min(wide["over_seeds"]["low"], wide["over_rows"]["low"]) < narrow["interval"]["low"]
    )
    assert "and what other test rows would, whichever interval reaches further." in cli("compare", "s")[1]


def test_a_margin_makes_groups_equal(cli: Cli, sweep: Callable[..., str], tmp_path: Path) -> None:
    close = [score - 0.001 for score in GOOD]
    sweep("s", {"l2=0": GOOD, "l2=1": close, "l2=2": [0.5, 0.96, 0.94]})
    latex = tmp_path / "table.tex"
    words = json.loads(cli("compare", "s", "--margin", "0.002", "--latex", str(latex), "--json")[1])["groups"]
    assert [each["word"] for each in words] == [None, "equal", "undecided"]
    text = latex.read_text()
    assert "\\textbf{l2=0} & 3 & 0.9500 $\\pm$ 0.0100 & \\textbf{0.9500 $\\pm$ 0.0100} &" in text
    assert "0.9490 $\\pm$ 0.0100\\textsuperscript{=} & $-$0.0010 &" in text
    assert "\\textsuperscript{?}" in text
    assert "equal to the best within 0.002" in text
    corrected = stats.ttest_rel([0.5, 0.96, 0.94], GOOD).confidence_interval(1 - 0.05 / 3)
    assert words[2]["to_best"]["interval"]["low"] == pytest.approx(corrected.low)


def test_configurations_are_summed_up_over_data_sets(cli: Cli, sweep: Callable[..., str]) -> None:
    for data in ("digits", "mnist"):
        values = {**CNN, "dataset": {"kind": data}}
        sweep(data, {"l2=0": GOOD, "l2=1": BAD}, values, dataset_sha256=data * 8)
    status, out, err = cli("compare", "digits", "mnist", "--json")
    assert (status, err) == (0, "")
    said = json.loads(out)
    first, second = said["across"]
    assert (first["name"], second["name"], said["data_sets"]) == ("cnn, l2=0", "cnn, l2=1", 2)
    # A quarter of six scores is one, which is cut off at each end.
    assert second["middle"]["mean"] == pytest.approx(stats.trim_mean(BAD * 2, 0.25))
    assert second["improvement"]["mean"] == 0
    assert [group["word"] for group in said["groups"]] == [None, "worse", None, "worse"]
    out = cli("compare", "digits", "mnist")[1]
    assert re.search(r"^cnn, l2=1 +3 +0.8525 .* 0.00", out, re.MULTILINE)
    assert "Over 2 data sets: interquartile mean of test accuracy over the first 3 runs on each" in out


def test_a_study_is_compared_by_its_entries_without_a_store(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "experiments" / "digits_dense", tmp_path / "study")
    status, out, err = cli("compare", "study", "--out", "c.png")
    assert (status, err) == (0, "")
    assert re.search(r"^1 dense_linear +10 .* worse", out, re.MULTILINE)
    assert re.search(r"^2 dense_relu +10 .* best", out, re.MULTILINE)
    assert "None of them has curves to draw." in out
    assert not (tmp_path / "c.png").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["study"]
    assert "Unknown entry 'dense_rleu' in study. Did you mean 'dense_relu'?" in cli("compare", "study:dense_rleu")[2]
    assert cli("compare", "study:dense_relu")[2].startswith("deeplab: Name two groups or more; dense_relu is one.")
    (tmp_path / "study" / "results.csv").unlink()
    status, _, err = cli("compare", "study")
    assert (status, err.count("\n")) == (2, 1)
    assert "None of the trainings of the study study is finished" in err


ENTRIES = """
title: t
about: a
replicates: 2
entries:
  good: {run: [l2=0], figures: [{metric: test/accuracy, at_least: 0.9, source: s}]}
  bad: {run: [l2=1], figures: [{metric: test/accuracy, at_least: 0.9, source: s}]}
"""


def test_replicates_that_were_added_to_a_study_count(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study").mkdir()
    Path("study", "study.yaml").write_text(ENTRIES)
    config = read_study(Path("study"))
    for line in (*rows_of(config, "good", GOOD), *rows_of(config, "bad", BAD)):
        Results(Path("study")).add(replace(line, run=f"{line.entry}-{line.replicate}"))
    groups = json.loads(cli("compare", "study", "--json").out)["groups"]
    assert [each["n"] for each in groups] == [3, 3]
    expected = stats.ttest_rel(BAD, GOOD).confidence_interval(0.95)
    assert groups[1]["to_best"]["interval"]["low"] == pytest.approx(expected.low)


def test_a_report_and_a_study_write_the_same_table(
    cli: Cli, sweep: Callable[..., str], folder: Path, forged: Forge
) -> None:
    sweep("s", {"l2=0": GOOD, "l2=1": BAD})
    assert cli("compare", "s", "--latex", "c.tex", "--out", "c.png")[0] == 0
    status, out, err = cli("report", "s", "--out", "r.html", "--latex", "r.tex")
    assert (status, out, err) == (0, "table r.tex\nreport r.html\n", "")
    assert (folder / "r.tex").read_text() == (folder / "c.tex").read_text()
    shutil.copytree(ROOT / "experiments" / "digits_dense", folder / "study")
    assert "\ntable t.tex\n" in cli("study", "study", "--report", "--latex", "t.tex")[1]
    assert cli("report", "study", "--out", "r.html", "--latex", "u.tex")[0] == 0
    text = (folder / "t.tex").read_text()
    assert text == (folder / "u.tex").read_text()
    assert text.count("\\begin{table}") == text.count("\\end{table}") == 2
    assert "dense\\_linear" in text
    forged("alone", CNN, accuracies(0.5, 0.5))
    status, _, err = cli("report", "alone", "--out", "a.html", "--latex", "a.tex")
    assert (status, "is no sweep" in err) == (2, True)
    assert not (folder / "a.html").exists()


@with_latex
def test_a_real_latex_sets_the_tables_of_compare_report_and_study_within_the_page(
    cli: Cli, sweep: Callable[..., str], folder: Path
) -> None:
    sweep("s", {"l2=0": GOOD, "l2=1": BAD})
    shutil.copytree(ROOT / "experiments" / "digits_dense", folder / "study")
    assert cli("compare", "s", "--latex", "c.tex", "--out", "c.png")[0] == 0
    assert cli("report", "s", "--out", "r.html", "--latex", "r.tex")[0] == 0
    assert cli("study", "study", "--report", "--latex", "t.tex")[0] in (0, 3, 4)
    text = "\n".join((folder / name).read_text() for name in ("c.tex", "r.tex", "t.tex"))
    log = compiled(text, folder, BOOKTABS, r"\usepackage{graphicx}")
    assert "Overfull" not in log
    assert "Missing character" not in log


def test_two_seeds_with_one_difference_are_undecided(cli: Cli, sweep: Callable[..., str]) -> None:
    sweep("s", {"l2=0": [0.90, 0.91], "l2=1": [0.80, 0.81]})
    other = json.loads(cli("compare", "s", "--json")[1])["groups"][1]
    assert other["word"] == "undecided"
    assert other["to_best"]["interval"]["low"] is None


def test_many_points_are_listed_and_not_drawn(cli: Cli, sweep: Callable[..., str], folder: Path) -> None:
    sweep("s", {f"l2={number}": [0.5] for number in range(25)})
    status, out, err = cli("compare", "s")
    assert (status, err) == (0, "")
    assert out.startswith("They differ in l2.")
    assert len(re.findall(r"^ *\d+ l2=\d+ +1 ", out, re.MULTILINE)) == 25
    assert "Each was trained once, so that none is called better" in out
    assert out.endswith("The curves of more than 24 groups are not drawn.\n")
    assert not list(folder.glob("*.png"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "s", "--margin", "-1"], "--margin -1: must be a number that is at least 0"),
        (["compare", "s", "--margin", "nan"], "--margin nan: must be"),
        (["compare", "s", "--latex", "x.txt"], "--latex x.txt: its name must end in .tex."),
        (["compare", "s", "coder"], "no score in common: l2=0 has accuracy, loss; coder has none."),
        (["compare", "s:l2=0"], "Name two groups or more; l2=0 is one."),
        (["compare", "coder:l2=0", "s"], "coder:l2=0: coder ("),
        (["compare", "nothing:l2=0", "s"], "There is no run 'nothing'."),
        (["compare", "coder", "bare", "--latex", "x.tex"], "--latex: the runs have no score in common"),
        (["compare", "empty", "s"], "None of the trials of the sweep empty ("),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_line(
    cli: Cli, forged: Forge, sweep: Callable[..., str], folder: Path, arguments: list[str], told: str
) -> None:
    sweep("s", {"l2=0": GOOD, "l2=1": BAD})
    forged("coder", CNN, {"test/psnr": 20.0})
    forged("bare")
    forged("empty", kind="sweep")
    status, out, err = cli(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert not list(folder.glob("*.png"))
    assert not list(folder.glob("*.tex"))
