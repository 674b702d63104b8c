"""The report of one training, trial or evaluation."""

from collections.abc import Iterator
from itertools import groupby

from deeplab.report.configuration import configuration
from deeplab.report.page import Cell, Code, Group, Page, Part, Section, Table, Text
from deeplab.report.pictures import pictures, pictures_in
from deeplab.report.provenance import SHORT_ID, about, notes, provenance, timestamp
from deeplab.report.scores import class_table, history, scores, stored_table
from deeplab.runs.summary import RunSummary, summarize_runs
from deeplab.tracking.find import runs_naming
from deeplab.tracking.numbers import whole_of
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    CLASSIFIER_TAG,
    DENOISERS_TAG,
    INITIAL_WEIGHTS_TAG,
    KIND_TAG,
    PARAMETERS_TAG,
    REPRODUCES_TAG,
    SOURCE_TAG,
)

MOST_IMAGES = 12
KINDS = {"train": "Training", "trial": "Trial of a sweep", "evaluate": "Evaluation", "import": "Imported weights"}
# What other runs say of the run that they are about: the tag, and what they did with it.
_ABOUT = {
    SOURCE_TAG: "scored it",
    CLASSIFIER_TAG: "classified noisy images with it",
    DENOISERS_TAG: "denoised with it",
    REPRODUCES_TAG: "did it again",
    INITIAL_WEIGHTS_TAG: "began with its weights",
}


def run_report(store: Store, run: Run, files: list[str]) -> Page:
    """Describe a run.

    Args:
        store: where it is.
        run: it.
        files: that it left.
    """
    row = summarize_runs([run], [])[0]
    tables = (*class_table(store, run), *stored_table(store, run, "targets.csv", "Each value"))
    explained = tuple(_explained(store, run, files))
    sections = (
        Section("Scores", (*notes(run), *scores(run), *tables, *history(store, run))),
        Section("Figures", pictures(run, pictures_in(files, "plots"))),
        Section("Inside the network", explained),
        Section("Generated images", pictures(run, pictures_in(files, "generate"))),
        Section("What was done with it", tuple(_uses(store, run))),
        configuration(store, run, "Configuration"),
        provenance(store, run, [run]),
    )
    kind = KINDS.get(row.kind, row.kind or "Run")
    return Page(row.name, about(kind, row, run), tuple(_highlights(row, run)), sections)


def _highlights(row: RunSummary, run: Run) -> Iterator[tuple[str, Cell]]:
    if row.test:
        yield f"test {row.test.metric}", row.test.value
    if row.validation:
        yield f"validation {row.validation.metric}", row.validation.value
    if row.epochs is not None:
        yield "epochs", row.epochs if row.epochs == row.epochs_asked else f"{row.epochs} of {row.epochs_asked}"
    if PARAMETERS_TAG in run.tags:
        yield "parameters", whole_of(run.tags, PARAMETERS_TAG)
    if row.seconds is not None:
        yield "seconds", f"{row.seconds:,.1f}"


def _explained(store: Store, run: Run, files: list[str]) -> Iterator[Part]:
    paths = [path for path in files if path.startswith("explain/") and path.count("/") > 1]
    folders = [(name, list(inside)) for name, inside in groupby(paths, lambda path: path.split("/")[1])]
    for name, inside in folders[:MOST_IMAGES]:
        caption = "Layers by hand against Keras, largest difference"
        layers = stored_table(store, run, f"explain/{name}/layers.csv", caption)
        yield Group(name, (*pictures(run, pictures_in(inside, f"explain/{name}")), *layers))
    if len(folders) > MOST_IMAGES:
        yield Text(f"{MOST_IMAGES} of {len(folders)} images are shown.")


def _uses(store: Store, run: Run) -> Iterator[Part]:
    """List the runs that name this one in their tags."""
    ours = run.id
    lines: list[tuple[Cell, ...]] = []
    for other in runs_naming(store, ours, _ABOUT):
        ways = [way for tag, way in _ABOUT.items() if ours in other.tags.get(tag, "").split()]
        if ways and other.id != ours:
            row = summarize_runs([other], [])[0]
            test = row.test
            kind = other.tags.get(KIND_TAG, "")
            shown = None if test is None or kind == "sweep" else test.value
            metric = "" if shown is None or test is None else test.metric
            began = timestamp(other.started_ms)
            lines.append((row.name, ", ".join(ways), row.status.lower(), metric, shown, began, Code(row.id[:SHORT_ID])))
    if lines:
        head = ("run", "what it did", "status", "test score", "", "begun", "id")
        yield Table("Other runs that used this network", head, tuple(lines))
