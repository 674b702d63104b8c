"""The report of an evaluation under noise: rates by level, curves, and what the images looked like."""

import csv
from collections.abc import Iterator, Mapping, Sequence

from deeplab.errors import UserError
from deeplab.report.configuration import settings
from deeplab.report.page import Cell, Code, Collapsible, Page, Part, Section, Table, Text, table_of
from deeplab.report.pictures import pictures, pictures_in
from deeplab.report.provenance import SHORT_ID, about, notes, provenance
from deeplab.report.scores import scores
from deeplab.runs.summary import summarize_runs
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import run_by_id
from deeplab.tracking.numbers import number_of, whole_of
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import CLASSIFIER_TAG, DENOISERS_TAG

MOST_GALLERIES = 12
_UNTOUCHED = "noisy"


def noise_report(store: Store, run: Run, files: list[str]) -> Page:
    """Describe an evaluation under noise.

    Args:
        store: where it is.
        run: it.
        files: that it left.
    """
    lines = _read(store, run)
    rates = _as_rows(lines)
    whole = (Collapsible("All rates, and those of each class", (table_of("All rates", lines),)),) if lines else ()
    sections = (
        Section("Rates", (*notes(run), *scores(run), *rates_by_level(store, run), *whole)),
        Section("Figures", pictures(run, pictures_in(files, "plots"))),
        Section("What the images looked like", tuple(_galleries(run, files))),
        Section("Networks", tuple(_networks(store, run))),
        Section("Settings", tuple(settings(run))),
        provenance(store, run, [run]),
    )
    kind = run.params.get("noise.kind", "").replace("_", " ")
    (row,) = summarize_runs([run], [])
    return Page(
        run.name, about(f"Evaluation under {kind} noise", row, run), tuple(_highlights(rates, run.params)), sections
    )


def _read(store: Store, run: Run) -> list[list[str]]:
    content = read_artifact(store, run, "rates.csv")
    return [] if content is None else list(csv.reader(content.decode(errors="replace").splitlines()))


def _as_rows(lines: Sequence[Sequence[str]]) -> list[Mapping[str, str]]:
    """Read the rates; a UserError where somebody made something else of them."""
    rows: list[Mapping[str, str]] = [dict(zip(lines[0], line, strict=False)) for line in lines[1:]]
    for row in rows:
        whole_of(row, "n")
        for column in ("level", "mean", *(("interval_95",) if row.get("interval_95") else ())):
            number_of(row, column)
        if not {"state", "interval_95"} <= row.keys():
            raise UserError("rates.csv of a stored run lacks a column; deeplab did not write it so.")
    return rows


def _states(rates: Sequence[Mapping[str, str]]) -> list[str]:
    states = list(dict.fromkeys(line["state"] for line in rates))
    return sorted(states, key=lambda state: state != _UNTOUCHED)


def rates_by_level(store: Store, run: Run) -> Iterator[Part]:
    """List the rates of an evaluation, level by level, and what denoising gains most."""
    rates = _as_rows(_read(store, run))
    if not rates:
        return
    states = _states(rates)
    by_place = {(line["level"], line["state"]): line for line in rates}
    head = ["level"]
    for state in states:
        head += [state, "± 95 %"]
    rows = []
    for level in dict.fromkeys(line["level"] for line in rates):
        row: list[Cell] = [f"{float(level):g}"]
        for state in states:
            line = by_place.get((level, state), {})
            row += [float(line[name]) if line.get(name) else None for name in ("mean", "interval_95")]
        rows.append(tuple(row))
    draws = max(int(line["n"]) for line in rates)
    yield Table("True-positive rate by level of noise", tuple(head), tuple(rows))
    gain, gainer, at = max(_gains(rates), default=(0.0, "", 0.0))
    if gain > 0:
        yield Text(f"Most is gained at level {at:g} by {gainer}: {gain:.4f} more than the images as they are.")
    yield Text(
        f"Means over {draws} draws of the noise, with half the width of their 95 % interval. "
        f"{_UNTOUCHED}: the images as they are; the others: denoised by that network first."
    )


def _highlights(rates: Sequence[Mapping[str, str]], params: Mapping[str, str]) -> Iterator[tuple[str, Cell]]:
    if rates:
        yield "levels", len({line["level"] for line in rates})
        clean = next((line for line in rates if line["state"] == _UNTOUCHED and float(line["level"]) == 0), None)
        if clean:
            yield "rate without noise", float(clean["mean"])
        gains = _gains(rates)
        if gains:
            gain, _, level = max(gains)
            yield f"most gained, at level {level:g}", gain
    if "noise.seeds" in params:
        yield "draws a level", whole_of(params, "noise.seeds")


def _gains(rates: Sequence[Mapping[str, str]]) -> list[tuple[float, str, float]]:
    """Compute what each denoiser adds to the rate of the noisy images, level by level."""
    plain = {line["level"]: float(line["mean"]) for line in rates if line["state"] == _UNTOUCHED}
    return [
        (float(line["mean"]) - plain[line["level"]], line["state"], float(line["level"]))
        for line in rates
        if line["state"] != _UNTOUCHED and line["level"] in plain
    ]


def _galleries(run: Run, files: list[str]) -> Iterator[Part]:
    paths = pictures_in(files, "gallery")
    if len(paths) > MOST_GALLERIES:
        shown = [paths[round(number * (len(paths) - 1) / (MOST_GALLERIES - 1))] for number in range(MOST_GALLERIES)]
        yield Text(f"{MOST_GALLERIES} of {len(paths)} levels are shown.")
        paths = shown
    yield from pictures(run, paths)


def _networks(store: Store, run: Run) -> Iterator[Part]:
    tags = run.tags
    parts = [("classifier", tags.get(CLASSIFIER_TAG, ""))]
    parts += [("denoiser", run_id) for run_id in tags.get(DENOISERS_TAG, "").split()]
    lines: list[tuple[Cell, ...]] = []
    for part, run_id in parts:
        used = run_by_id(store, run_id) if run_id else None
        row = None if used is None else summarize_runs([used], [])[0]
        score = None if row is None or row.test is None else row.test
        name = "deleted since" if row is None else row.name
        metric, value = ("", None) if score is None else (score.metric, score.value)
        lines.append((part, name, metric, value, Code(run_id[:SHORT_ID])))
    yield Table("Networks that were used", ("part", "run", "test score", "", "id"), tuple(lines))
