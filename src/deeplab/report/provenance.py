"""Where a run comes from: code, data, packages, machine, time, and the command that makes it again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from deeplab.files import some
from deeplab.report.page import Cell, Code, CodeBlock, Collapsible, KeyValues, Part, Section, Text
from deeplab.runs.command_line import command_line
from deeplab.runs.summary import RunSummary
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import run_by_id
from deeplab.tracking.provenance import DISTRIBUTION
from deeplab.tracking.read import read_packages
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import (
    CODE_FILE_TAG,
    CODE_TAG,
    COMMIT_TAG,
    DATA_TAG,
    DETERMINISTIC_TAG,
    DEVICE_TAG,
    DIRTY_TAG,
    ENGINE_TAG,
    ERROR_TAG,
    INITIAL_WEIGHTS_TAG,
    NOTES_TAG,
    PARENT_TAG,
    REPRODUCES_TAG,
    SOURCE_TAG,
    THREADS_TAG,
)

SHORT_ID = 8
PIP_NAMES = {"deeplab": DISTRIBUTION}
MAIN_PACKAGES = ("deeplab", "tensorflow", "keras", "numpy", "mlflow")
# Of all runs that a report is about: what they were made with, under the names of their tags.
_TAGS = {
    "data (SHA-256)": DATA_TAG,
    "code of its own": CODE_FILE_TAG,
    "code (SHA-256)": CODE_TAG,
    "device": DEVICE_TAG,
    "engine": ENGINE_TAG,
    "threads": THREADS_TAG,
    "deterministic": DETERMINISTIC_TAG,
    "began with the weights of": INITIAL_WEIGHTS_TAG,
    "scores the network of": SOURCE_TAG,
    "does again": REPRODUCES_TAG,
}


def provenance(store: Store, run: Run, trainings: Sequence["Run"]) -> Section:
    """Describe where a report's figures come from.

    Args:
        store: where the run is.
        run: that the report is about.
        trainings: whose tags tell of data and machine: the run itself, or the trials of a sweep.
    """
    rows = [*_family(store, run), *_when(run), *_git(run), *_data(store, trainings)]
    for name, tag in _TAGS.items():
        values = _different(trainings, tag)
        if values:
            rows.append((name, Code(values)))
    rows += _seconds(run, trainings)
    packages = read_packages(store, trainings[0]) if trainings else {}
    parts: list[Part] = [KeyValues((*rows, *_main_packages(packages)))]
    again = command_line(store, run)
    if again is not None:
        parts += [Text("The command that makes it again:"), CodeBlock(again, "shell")]
    if packages:
        # As pip knows them: `deeplab` is another project there.
        listed = "\n".join(f"{PIP_NAMES.get(name, name)}=={version}" for name, version in packages.items())
        parts.append(Collapsible(f"All {len(packages)} installed packages", (CodeBlock(listed, "text"),)))
    return Section("Where it comes from", tuple(parts))


def timestamp(milliseconds: int | None) -> str:
    """Format a moment as MLflow has it, as in 2026-11-21 20:38 UTC."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def about(kind: str, row: RunSummary, run: Run) -> tuple[str, str]:
    """Say what a run is, as in `Training of NETWORK on DATA, finished, begun 2026-11-21 20:38 UTC.`, and its id."""
    subject = (f" of {row.model}" if row.model else "") + (f" on {row.dataset}" if row.dataset else "")
    return f"{kind}{subject}, {row.status.lower()}, begun {timestamp(run.started_ms)}.", f"Run {run.id}"


def own_tags(run: Run) -> Iterator[tuple[str, Cell]]:
    """Yield the tags that a user gave."""
    for key, value in sorted(run.tags.items()):
        if not key.startswith(("mlflow.", "deeplab.")):
            yield key, Code(value)


def notes(run: Run) -> tuple[Part, ...]:
    """Describe what a user wrote on a run, its own tags, and why it failed."""
    parts: list[Part] = []
    status = run.shown_status
    if status != "FINISHED":
        why = run.tags.get(ERROR_TAG, "")
        parts.append(Text(f"This run is {status.lower()}" + (f": {why}" if why else "."), is_warning=True))
    if NOTES_TAG in run.tags:
        parts.append(Text(run.tags[NOTES_TAG]))
    tags = tuple(own_tags(run))
    return (*parts, KeyValues(tags)) if tags else tuple(parts)


def _family(store: Store, run: Run) -> Iterator[tuple[str, Cell]]:
    parent = run_by_id(store, run.tags[PARENT_TAG]) if PARENT_TAG in run.tags else None
    if parent is not None:
        yield "sweep", f"{parent.name}: deeplab show {parent.short_id}"


def _when(run: Run) -> Iterator[tuple[str, Cell]]:
    yield "status", run.shown_status.lower()
    yield "began", timestamp(run.started_ms)
    if run.ended_ms:
        yield "ended", timestamp(run.ended_ms)


def _git(run: Run) -> Iterator[tuple[str, Cell]]:
    tags = run.tags
    if COMMIT_TAG in tags:
        yield "git commit", Code(tags[COMMIT_TAG])
        if tags.get(DIRTY_TAG) == "true":
            yield "git changes", "there were some that were not committed"


def _data(store: Store, trainings: Sequence["Run"]) -> Iterator[tuple[str, Cell]]:
    content = read_artifact(store, trainings[0], "dataset.json") if trainings else None
    if content is None:
        return
    try:
        facts = json.loads(content)
        shape = " x ".join(map(str, facts["input_shape"]))
        targets = f"values ({some(facts['target_names'])})" if facts.get("target_names") else "values"
        learned = f"{len(facts['class_names'])} classes" if facts["class_names"] else targets
        yield "data", f"{facts['name']}, rows of {shape}, {learned}"
    except (ValueError, KeyError, TypeError):
        return


def _different(runs: Sequence["Run"], tag: str) -> str:
    return ", ".join(sorted({run.tags[tag] for run in runs if run.tags.get(tag)}))


def _seconds(run: Run, trainings: Sequence["Run"]) -> Iterator[tuple[str, Cell]]:
    seconds = [each.metrics["time/training_seconds"] for each in trainings if "time/training_seconds" in each.metrics]
    if seconds:
        several = f" in {len(seconds)} trainings" if len(seconds) > 1 else ""
        yield "seconds of training", f"{sum(seconds):,.1f}{several}"
    if run.ended_ms:
        yield "seconds in all", f"{(run.ended_ms - run.started_ms) / 1000:,.1f}"


def _main_packages(packages: Mapping[str, str]) -> Iterator[tuple[str, Cell]]:
    shown = [f"{name} {packages[name]}" for name in MAIN_PACKAGES if name in packages]
    if shown:
        yield "packages", ", ".join(shown)
