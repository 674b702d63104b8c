"""The report of a study, made of what lies in its folder: `study.yaml`, `results.csv` and the figures."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from deeplab.choice import ON_TEST, left_out
from deeplab.code.file import consent_words
from deeplab.evaluation.statistics import Statistics, statistics
from deeplab.metrics import METRICS, metric_of, reported
from deeplab.report.page import Cell, Code, CodeBlock, KeyValues, Page, Part, Picture, Section, Table, Text
from deeplab.report.pictures import caption_of
from deeplab.study.config import FILE, StudyConfig
from deeplab.study.crossed import spread_table
from deeplab.study.entries import EntryResult, measure
from deeplab.study.results import FILE as RESULTS
from deeplab.study.results import Result
from deeplab.study.table import ADDED, ONE_DRAW, READING, counts, verdict_table
from deeplab.study.verdicts import Verdict
from deeplab.workflows.noise.levels import read_levels

FIGURES = "figures"
OVERVIEW = "reported"
# What is shown of the runs of an entry, in this order.
RUN_PICTURES = ("curves", "denoised", "boundary", "units")
NOISE_PICTURES = ("noise_curve", "noise_classes")
SWEEP_PICTURES = ("sweep",)
GALLERY = "gallery/"
MOST_GALLERIES = 6
# Trainings from which a standard deviation begins to say something.
ENOUGH = 3


def study_report(config: StudyConfig, lines: Sequence[Result], folder: Path) -> Page:
    """Describe a study by the rows of its results."""
    return page_of(config, measure(config, lines), folder)


def page_of(config: StudyConfig, measured: Sequence[EntryResult], folder: Path) -> Page:
    """Describe a study whose entries have been held against their runs."""
    sections = (
        Section("Reported and measured", tuple(_verdicts(measured, folder))),
        *(Section(each.name, tuple(_entry(each, folder))) for each in measured),
        Section("Where the figures come from", tuple(_provenance(folder, measured))),
    )
    about = " ".join(config.about.split())
    return Page(config.title, (about,), tuple(_highlights(measured)), sections)


def picture_names(each: EntryResult) -> tuple[str, ...]:
    """Name the pictures of an entry's runs that are shown, galleries of `noise` by their folder."""
    if each.entry.noise is None:
        return RUN_PICTURES if each.entry.run else SWEEP_PICTURES
    if each.entry.noise.crossed:
        return ()
    levels = sorted(read_levels(each.entry.noise.levels, "levels"))
    shown = levels[:: -(-(len(levels) - 1) // (MOST_GALLERIES - 1)) or 1]
    return (*NOISE_PICTURES, *(f"{GALLERY}level_{level:.3f}" for level in shown))


def picture_file(entry: str, name: str) -> str:
    """Name the file of an entry's picture in the study's folder of figures."""
    return f"{entry}_{name.removeprefix(GALLERY)}.png"


def shares_reported(measured: Sequence[EntryResult]) -> tuple[str, list[Verdict]]:
    """Say what published shares are of, as in `accuracy`, and find those figures, which one picture shows."""
    shares = {metric.name: metric.label for metric in METRICS.values() if metric.is_share}
    labels: dict[str, None] = {}
    verdicts = []
    for verdict in (verdict for each in measured for verdict in each.verdicts if verdict.figure.reported is not None):
        figure = verdict.figure
        parts = () if figure.over else (figure.metric or "", figure.minus or "")
        names = {part.rpartition("/")[2] for part in parts} & shares.keys()
        if names:
            verdicts.append(verdict)
            labels |= dict.fromkeys(shares[name] for name in sorted(names))
    return " and ".join(labels), verdicts


def _highlights(measured: Sequence[EntryResult]) -> Iterator[tuple[str, Cell]]:
    yield from counts([verdict for each in measured for verdict in each.verdicts])
    yield "runs", f"{sum(len(each.rows) for each in measured)} of {sum(each.planned for each in measured)}"


def _verdicts(measured: Sequence[EntryResult], folder: Path) -> Iterator[Part]:
    parts = list(verdict_table(measured))
    yield from parts
    if parts:
        yield Text(f"{READING} {ONE_DRAW}")
    if added := [f"{each.name} ({each.added})" for each in measured if each.added]:
        yield Text(f"{ADDED}: {', '.join(added)}.")
    few = [each.name for each in measured if is_trained_too_few_times(each)]
    if few:
        yield Text(f"Trained fewer than {ENOUGH} times, so that little is known of their spread: {', '.join(few)}.")
    shares, _ = shares_reported(measured)
    if shares:
        seen = "each published figure with its tolerance, and the measured mean beside it"
        yield from _picture(folder, f"{OVERVIEW}.png", f"Reported and measured {shares}", seen)


def is_trained_too_few_times(each: EntryResult) -> bool:
    """Tell whether there are trainings, but at some point too few to tell how they scatter."""
    counts = Counter(line.point for line in each.rows)
    return bool(counts) and each.entry.noise is None and min(counts.values()) < ENOUGH


def _entry(each: EntryResult, folder: Path) -> Iterator[Part]:
    if each.entry.about:
        yield Text(each.entry.about)
    command, overrides = ("train", each.entry.run) if each.entry.run else ("sweep", each.entry.sweep)
    if overrides:
        yield CodeBlock(shlex.join(("deeplab", command, *consent_words(), *overrides)), "shell")
    many = "run is" if each.planned == 1 else "runs are"
    yield Text(f"{len(each.rows)} of {each.planned} {many} finished.", is_warning=len(each.rows) < each.planned)
    if not each.rows:
        return
    if each.entry.noise is None:
        yield _scores(each)
    elif not each.entry.noise.crossed:
        yield _rates(each)
    elif len(each.rows) == each.planned:
        yield spread_table(each.entry.noise, each.rows)
    if sentences := list(on_choice(each)):
        yield Text(" ".join(sentences))
    pictures: list[Part] = []
    for name in picture_names(each):
        caption, seen = caption_of(name)
        pictures += _picture(folder, picture_file(each.name, name), f"{caption}: {each.name}", seen)
    if pictures and not each.entry.sweep and each.planned > 1:
        yield Text("The pictures are of the first of these runs.")
    yield from pictures


def on_choice(each: EntryResult) -> Iterator[str]:
    """Say what must be known of the rows that an entry was validated on, and of the point chosen by them."""
    chosen = each.chosen
    if chosen is not None and len({line.point for line in each.rows}) > 1:
        yield f"Best by mean {metric_of(chosen.metric).logged_as}: {chosen.point}."
        if chosen.on_test:
            yield ON_TEST
        if chosen.left_out:
            yield left_out(chosen.left_out, "point")
    elif each.entry.run is not None and each.on_test:
        yield "Validated on the test set: scores of validation are scores of the test set, and so is a best epoch's."


def read_figure(folder: Path, name: str) -> bytes | None:
    """Read a figure that lies in the folder of a study, or None."""
    path = folder / FIGURES / name
    return path.read_bytes() if path.is_file() else None


def _picture(folder: Path, name: str, caption: str, seen: str) -> Iterator[Part]:
    if (folder / FIGURES / name).is_file():
        yield Picture(name, f"{caption}: {seen}", caption)


def _scores(each: EntryResult) -> Table:
    metrics = [metric for metric in reported() if all(metric in line.scores for line in each.rows)]
    points: dict[str, list[Result]] = {}
    for line in sorted(each.rows, key=_in_order):
        points.setdefault(line.point, []).append(line)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            *((Code(point),) if each.entry.sweep else ()),
            len(lines),
            *(_mean(statistics([line.scores[metric] for line in lines])) for metric in metrics),
            f"{statistics([line.seconds for line in lines]).mean:.0f}",
        )
        for point, lines in points.items()
    )
    head = (*(("point",) if each.entry.sweep else ()), "n", *metrics, "seconds")
    caption = "Scores, and the seconds of a training: means ± standard deviation (n − 1) over n trainings"
    return Table(caption, head, rows)


def _in_order(line: Result) -> tuple[str, float, str]:
    """Sort points of one key by its value, where that is a number."""
    key, _, value = line.point.partition("=")
    try:
        return key, float(value), ""
    except ValueError:
        return key, 0.0, value


def _rates(each: EntryResult) -> Table:
    levels = sorted({float(name.partition("@")[2]) for name in each.rows[0].scores if "@" in name})
    assert each.entry.noise is not None
    ordered = ("noisy", *each.entry.noise.denoisers)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{level:g}",
            *(_mean(statistics([row.scores[f"{state}@{level:g}"] for row in each.rows])) for state in ordered),
        )
        for level in levels
    )
    over = "its draws" if len(each.rows) == 1 else f"its draws and {len(each.rows)} trainings of each network"
    return Table(f"True-positive rate by level of noise, the mean over {over}", ("level", *ordered), rows)


def _provenance(folder: Path, measured: Sequence[EntryResult]) -> Iterator[Part]:
    yield Text(f"Written from {FILE} and {RESULTS}, which has a line for each run. The command that makes it again:")
    yield CodeBlock(shlex.join(("deeplab", "study", folder.as_posix(), *consent_words())), "shell")
    lines = [line for each in measured for line in each.rows]
    if lines:
        days = sorted(line.finished for line in lines)
        yield KeyValues(
            (
                ("finished", " to ".join(sorted({days[0], days[-1]}))),
                ("versions", "; ".join(sorted({line.versions for line in lines}))),
                ("device", ", ".join(sorted({line.device for line in lines if line.device}))),
                ("data (SHA-256)", Code(", ".join(sorted({line.data for line in lines if line.data})))),
                ("seconds of training", f"{sum(line.seconds for line in lines):,.0f}"),
            )
        )


def _mean(measured: Statistics) -> Cell:
    return f"{measured.mean:.4f}" if measured.deviation is None else f"{measured.mean:.4f} ± {measured.deviation:.4f}"
