"""Reports of runs that are in the store as trainings and evaluations leave them."""

import csv
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import CURVES, accuracies, forge
from tests.conftest import Outcome

from deeplab.config.compose import compose
from deeplab.config.schema import TrackingConfig
from deeplab.data.load import load
from deeplab.report.html import to_html
from deeplab.report.markdown import code, escaped, to_markdown
from deeplab.report.page import (
    Code,
    CodeBlock,
    Collapsible,
    Group,
    KeyValues,
    Page,
    Picture,
    Section,
    Table,
    Text,
    number,
)
from deeplab.report.sweep_tables import ALL_PAIRS, PARTS
from deeplab.sweep.grid import Axis
from deeplab.sweep.parent_run import begin_sweep, children, trial_tags
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.results.summary import summarise
from deeplab.sweep.results.write import log_outcome as log_sweep
from deeplab.sweep.results.write import read_scores
from deeplab.sweep.search.parent_run import SearchTrial
from deeplab.sweep.search.parent_run import trials_table as drawn_table
from deeplab.tracking.artifacts import put_file
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.visible import visible
from deeplab.workflows.noise.partial_results import NoiseDraw
from deeplab.workflows.noise.results import log_outcome

NAME = "<b>x</b> & |y|"
PLAN = (
    *("model=mlp_64_64", "l2=1e-6,1e-2", "replicates=2", f'name="{NAME}"'),
    *("sweep.reference={value: 0.95, label: '<i>Somebody</i>'}", "tracking.plots=all"),
)
# Of the trials: validation and test accuracy.
FOUND = ((0.91234567891, 0.9), (0.9212345, 0.89), (0.81, 0.8), (0.79999, 0.78))
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x08"


class Reader(HTMLParser):
    """What a browser would ask for, which tags there are, and what is read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.values: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "data":
            self.values.append(dict(attrs)["value"] or "")

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def place(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that holds a sweep, an evaluation under noise, and a run with all that is drawn for it."""
    folder = tmp_path_factory.mktemp("reported")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    store = open_store(TrackingConfig(f"sqlite:///{folder}/mlflow.db", "deeplab", "all", "all"))
    _sweep(store)
    ids = {"conv": forge(store, "conv", scores=accuracies(0.81239, 0.79), curves=CURVES, parameters="1234")}
    for path in ("explain/test-7/saliency.png", "generate/between_3_8.png"):
        put_file(store, store.get_run(ids["conv"]), path, PNG)
    forge(store, "conv on more", scores={"test/accuracy": 0.5}, kind="evaluate", source=ids["conv"])
    begun = RunLog.begin(
        store,
        "under noise",
        {"noise": {"kind": "masking", "seeds": 2}},
        {"deeplab.kind": "noise", "deeplab.classifier": ids["conv"], "deeplab.denoisers": "gone"},
        None,
    )
    with begun as log:
        splits = load(compose(["dataset.limit=60"]).config.dataset, folder)
        right = {state: tuple(range(10)) for state in ("noisy", "code")}
        cells = {(level, seed): NoiseDraw(level, seed, right) for level, seed in ((0.0, 0), (0.5, 0), (0.5, 1))}
        log_outcome(log, "masking", cells, splits, {"code": _Same()}, {"code": 0.5})
        log.end("FINISHED")
    return folder


def _sweep(store: Store) -> None:
    """A sweep as it is in the store after its trials, whose scores are made up."""
    made = plan_sweep(PLAN, None)
    plan = replace(made, trials=tuple(replace(trial, identity=str(number)) for number, trial in enumerate(made.trials)))
    log = begin_sweep(store, plan)
    for trial, found in zip(plan.trials, FOUND, strict=True):
        tags = {**trial_tags(plan.points[trial.point], trial, log.run_id), "deeplab.kind": "trial"}
        tags |= {"mlflow.parentRunId": log.run_id, "deeplab.dataset_sha256": "abc" * 20}
        with RunLog.begin(store, plan.trial_name(trial), trial.values, tags, None) as child:
            child.log_text("config.yaml", yaml.safe_dump(dict(trial.values), sort_keys=False))
            child.log_text("packages.txt", "keras==3.15.1\n")
            child.metrics(1, {f"{data}/accuracy": 0.5 + epoch / 9 for epoch, data in enumerate(("train", "val"))})
            child.metrics(1, {**accuracies(*found), "time/training_seconds": 1.5})
            child.end("FINISHED")
    runs = children(store, log.run_id)
    scores = [read_scores(trial, runs[trial.identity]) for trial in plan.trials]
    with log:
        log_sweep(log, store, plan, summarise(plan.points, scores, "val/accuracy", 2), runs)
        log.end("FINISHED")


class _Same:
    """Gives back what it gets."""

    def predict_on_batch(self, images: Any) -> Any:
        return images


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def sweep(here: Path, cli: Callable[..., Outcome]) -> Path:
    outcome = cli("report", NAME, "--format", "both", "--out", "sweep")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.split() == ["report", "sweep.html", "report", "sweep.md"]
    return here


def test_the_numbers_of_a_sweep_are_those_of_its_tables(sweep: Path) -> None:
    read = Reader((sweep / "sweep.html").read_text())
    (points,) = sweep.glob("mlruns/*/artifacts/points.csv")
    lines = list(csv.DictReader(points.read_text().splitlines()))
    assert len(lines) == 2
    ours = {float(value) for value in read.values}
    metrics = ("val/accuracy", "val/loss", "test/accuracy", "test/loss")
    wanted = [line[f"{metric} {part}"] for line in lines for metric in metrics for part in PARTS]
    wanted += [line[key] for line in lines for key in ("difference", "corrected_interval")]
    trials = list(csv.DictReader(points.with_name("trials.csv").read_text().splitlines()))
    wanted += [trial[metric] for trial in trials for metric in metrics]
    assert len(trials) == 4
    assert {float(text) for text in wanted if text} <= ours
    best = next(line for line in lines if line["best"])
    mean = float(best["val/accuracy mean"])
    assert f"l2={best['l2']}, {mean:.4f} ± " in read.words
    (other,) = (line for line in lines if not line["best"])
    assert f"Against the best, of 1 other point: 1 {other['verdict']}." in read.words
    assert ALL_PAIRS in read.words
    honest = float(best["test/accuracy mean"])
    assert f"best of 2, and so rather too good; its test accuracy, {honest:.4f}, is the honest one." in read.words
    assert "validation accuracy, chosen" in read.words
    assert "test accuracy, honest" in read.words
    assert f"95 %; the best is {abs(95 - 100 * mean):.2f} points" in read.words
    assert f"| **`{best['l2']}`** | **2** | **{mean:.4f}** |" in (sweep / "sweep.md").read_text()
    assert "deeplab sweep model=mlp_64_64" in read.words
    assert "abc" * 20 in read.words


def test_a_page_needs_nothing_else_and_can_be_read_by_all(sweep: Path, here: Path, cli: Callable[..., Outcome]) -> None:
    assert cli("report", "conv", "--out", "conv.html").status == 0
    assert cli("report", "under noise", "--out", "noise.html").status == 0
    for name in ("sweep.html", "conv.html", "noise.html"):
        read = Reader((here / name).read_text())
        asked = [each.get(key) for _, each in read.tags for key in ("src", "href", "srcset", "action") if key in each]
        assert asked
        assert [address for address in asked if not (address or "").startswith(("data:", "#"))] == []
        assert "@import" not in read.words and "url(" not in read.words
        assert read.all("script") == []
        assert all(each["alt"] for each in read.all("img"))
        assert all(each["scope"] in ("col", "row") for each in read.all("th"))
        levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        anchors = {each["id"] for _, each in read.tags if "id" in each}
        assert {(each["href"] or "")[1:] for each in read.all("a")} <= anchors


def test_what_people_wrote_is_text_and_no_mark_up(sweep: Path) -> None:
    text = (sweep / "sweep.html").read_text()
    read = Reader(text)
    assert read.all("b") == read.all("i") == []
    assert f"{NAME}\n" in read.words or NAME in read.words
    assert "<i>Somebody</i>: 95 %; the best" in read.words
    page = (sweep / "sweep.md").read_text()
    assert page.startswith(r"# \<b\>x\</b\> \& \|y\|")
    assert r"\<i\>Somebody\</i\>: 95 %; the best" in page


def test_the_links_of_markdown_lead_to_its_figures(sweep: Path) -> None:
    page = (sweep / "sweep.md").read_text()
    links = re.findall(r"!\[.*\]\(([^)]*)\)", page)
    assert "sweep_figures/sweep.png" in links
    assert len(links) == 3
    for link in links:
        assert (sweep / link).read_bytes().startswith(b"\x89PNG")
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_a_run_shows_its_scores_its_uses_and_what_was_drawn_for_it(here: Path, cli: Callable[..., Outcome]) -> None:
    assert cli("report", "conv", "--out", "conv.html").status == 0
    read = Reader((here / "conv.html").read_text())
    assert {"0.81239", "0.79", "0.65", "1234"} <= set(read.values)
    words = " ".join(read.words.split())
    assert "conv on more scored it finished accuracy 0.5000" in words
    assert "under noise classified noisy images with it" in words
    seen = [each["alt"] or "" for each in read.all("img")]
    assert any(alt.startswith("Pixels that the answer depends on of conv: ") for alt in seen)
    assert "Between 3 8, of conv" in seen
    # As its overrides were kept, so that a shell gives them back.
    assert shlex.quote("tags.course='nn 101'") in words


def test_an_evaluation_under_noise_shows_its_rates(here: Path, cli: Callable[..., Outcome]) -> None:
    assert cli("report", "under noise", "--out", "noise.html").status == 0
    read = Reader((here / "noise.html").read_text())
    (rates,) = here.glob("mlruns/*/artifacts/rates.csv")
    lines = list(csv.DictReader(rates.read_text().splitlines()))
    assert len(lines) == 4
    assert {float(line["mean"]) for line in lines} <= {float(value) for value in read.values}
    assert "True-positive rate by level of noise" in read.words
    assert "deleted since" in read.words
    assert len(read.all("img")) == 4


@pytest.mark.parametrize("name", [NAME, "l2=0.01 #1", "conv", "conv on more", "under noise"])
def test_show_prints_every_cell_that_a_page_does_not_fold(name: str, here: Path, cli: Callable[..., Outcome]) -> None:
    assert cli("report", name, "--out", "shown.md").status == 0
    page = re.sub(r"<details>.*?</details>", "", (here / "shown.md").read_text(), flags=re.DOTALL)
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| --", "|  |"))]
    cells = {cell.strip(" *`") for row in rows for cell in re.split(r"(?<!\\)\|", row)}
    shown = cli("show", name)
    assert (shown.status, shown.err) == (0, "")
    assert len(rows) > 8
    words = " ".join(shown.out.split())
    assert [cell for cell in cells if re.sub(r"\\(.)", r"\1", cell) not in words] == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["no such"], "There is no run 'no such'."),
        (["conv", "--format", "pdf"], "--format pdf: must be one of html, markdown, both."),
        (["conv", "--out", "gone/x.html"], "--out gone/x.html: there is no folder"),
        (["conv", "--out", "x.html", "--format", "markdown"], "is written into a file NAME.md"),
        (["conv", "--out", "x.pdf"], "--out x.pdf: its name must end in .html or .md."),
        (["conv", "sweep"], "There is no run 'sweep'."),
        (["conv", "under noise"], "One run at a time, got 2."),
        (["conv", "--out", "mlruns"], "--out mlruns: this is a folder; give the name of a file."),
        (["bare"], "Run bare ("),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_left(
    words: list[str], line: str, here: Path, cli: Callable[..., Outcome]
) -> None:
    if words == ["bare"]:
        store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
        with RunLog.begin(store, "bare", {}, {"deeplab.kind": "train"}, None) as log:
            log.end("FAILED", "it ended early")
    before = sorted(path.name for path in here.iterdir())
    outcome = cli("report", *words)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert line in outcome.err
    assert sorted(path.name for path in here.iterdir()) == before


def test_where_nothing_is_said_a_report_is_named_for_its_run(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Outcome]
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = cli("report", "l2=1e-06 #2", f"tracking.uri=sqlite:///{here}/mlflow.db")
    (path,) = tmp_path.iterdir()
    assert outcome.out == f"report {path.name}\n"
    assert re.fullmatch(r"report-l2=1e-06-2-[0-9a-f]{8}\.html", path.name)


def test_a_sweep_that_was_cut_off_is_summed_up_from_its_trials(
    here: Path, tmp_path: Path, cli: Callable[..., Outcome]
) -> None:
    (points,) = here.glob("mlruns/*/artifacts/points.csv")
    aside = [path.rename(tmp_path / path.name) for path in (points, points.with_name("trials.csv"))]
    try:
        assert cli("report", NAME, "--out", "cut.html").status == 0
    finally:
        for path in aside:
            path.rename(points.with_name(path.name))
    assert cli("report", NAME, "--out", "whole.html").status == 0
    assert Reader((here / "cut.html").read_text()).values == Reader((here / "whole.html").read_text()).values


def test_a_search_shows_every_trial_and_the_configuration_of_the_best(
    folder: Path, cli: Callable[..., Outcome]
) -> None:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    tags = {"kind": "sweep", "search": "tpe", "trials": "2", "best_point": "l2=0.2"}
    parent = forge(store, "found", {"l2": "0 to 1", "sweep.metric": "val/accuracy"}, {"best/val/accuracy": 0.9}, **tags)
    drawn = []
    for place, (accuracy, name) in enumerate(((0.8, "first"), (0.9, "second"))):
        child = forge(store, name, scores=accuracies(accuracy, 0.7), kind="trial", parent=parent)
        put_file(store, store.get_run(child), "config.yaml", f"model: {{name: {name}}}\n".encode())
        drawn.append(SearchTrial(place, {"l2": f"0.{place + 1}"}, "COMPLETE", accuracy, 3, child))
    put_file(
        store,
        store.get_run(parent),
        "trials.csv",
        drawn_table([Axis("l2", ("0", "1"))], drawn, "val/accuracy").encode(),
    )
    assert cli("report", "found", "--out", "found.html").status == 0
    read = Reader((folder / "found.html").read_text())
    words = " ".join(read.words.split())
    assert "Search of cnn on mnist, finished" in words
    assert f"0 0.1000 COMPLETE 0.8000 3 {drawn[0].run_id[:8]}" in words
    assert "Configuration of the best point What differs from the defaults key value default model.name second" in words
    assert "deeplab sweep --search tpe --trials 2 model=cnn" in words


@pytest.mark.parametrize(("asked", "shown"), [("", False), ("dataset.stratify=true\n", True)])
def test_what_deeplab_settles_by_itself_is_no_difference(
    folder: Path, cli: Callable[..., Outcome], asked: str, shown: bool
) -> None:
    store = open_store(TrackingConfig(None, "deeplab", "all", "all"))
    run = forge(store, "one", kind="train")
    put_file(store, store.get_run(run), "config.yaml", b"dataset: {stratify: true}\nl2: 0.1\n")
    put_file(store, store.get_run(run), "overrides.txt", asked.encode())
    page = cli("show", "one").out
    assert "l2" in page
    assert ("dataset.stratify" in page) is shown


ALLOWED = {
    *(
        "section",
        "h2",
        "h3",
        "p",
        "dl",
        "div",
        "dt",
        "dd",
        "table",
        "caption",
        "span",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
    *("figure", "img", "figcaption", "pre", "code", "details", "summary", "data"),
}
ANY = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=30)


@settings(deadline=None, max_examples=40)
@given(ANY)
@example("</code></pre><script>1</script>")
@example("` | `` \\")
def test_any_text_stays_what_it_is(text: str) -> None:
    parts = (
        Text(text),
        KeyValues(((text, text),)),
        Table(text, (text, "n"), ((Code(text), 1.5), (text, None))),
        Picture("plots/a.png", text, text),
        CodeBlock(text, "yaml"),
        Group(text, (Text(text),)),
        Collapsible(text, (Text(text),)),
    )
    page = Page(text, (text,), ((text, text),), (Section("Parts", parts),))
    plain = Page("x", ("x",), (("x", "x"),), page.sections[:0])
    read = Reader(to_html(page, lambda _: PNG))
    shapes = [tag for tag, _ in read.tags]
    empty = [tag for tag, _ in Reader(to_html(plain, lambda _: PNG)).tags]
    assert shapes[: len(empty) - 1] == empty[: len(empty) - 1]
    assert set(shapes) <= {*empty, *ALLOWED}
    (image,) = read.all("img")
    assert image["alt"] == visible(text)
    assert image["width"] == "16"
    markdown, figures = to_markdown(page, "f", lambda _: PNG)
    assert figures == {"a.png": PNG}
    for line in markdown.split("```")[0].splitlines():
        assert not re.search(r"(?<!\\)<(?!/?details|/?summary)[a-z]", line.replace("`", "")) or "`" in line
    assert "\n" not in escaped(text) + code(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(10000, "10,000"), (0.98123, "0.9812"), (0.0, "0.0000"), (0.000431, "0.00043"), (1.234e-7, "1.2e-07")],
)
def test_numbers_say_something(value: float, text: str) -> None:
    assert number(value) == text


def test_a_column_has_as_many_decimals_as_its_smallest_number_needs() -> None:
    table = Table("", ("a", "b", "c"), (("x", 0.00017, 0.98), ("y", 0.0044, None)))
    assert table.decimals_of_columns == (4, 5, 4)
    assert table.numeric_columns == (False, True, True)
