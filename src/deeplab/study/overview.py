"""`README.md` of a folder of studies: every figure of theirs on one page."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deeplab.code.file import consent_words
from deeplab.files import write_file
from deeplab.report.markdown import to_markdown
from deeplab.report.page import Cell, Code, CodeBlock, Page, Part, Picture, Section, Table, Text
from deeplab.study import words
from deeplab.study.entries import EntryResult
from deeplab.study.outcomes import BAD, GOOD, NOT_RUN, UNDECIDED
from deeplab.study.page import FIGURES, read_figure
from deeplab.study.table import READING, causes_of, counts, marked
from deeplab.study.verdicts import Verdict

ALL = "all_figures"
_NOTE = "<!-- Written by deeplab study from the studies in this folder; what is changed here is lost. -->\n\n"


@dataclass(frozen=True)
class MeasuredStudy:
    """A study whose entries have been held against their runs."""

    folder: Path
    title: str
    entries: tuple[EntryResult, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Of all entries."""
        return tuple(verdict for each in self.entries for verdict in each.verdicts)


def write_overview(folder: Path, studies: Sequence[MeasuredStudy]) -> Path:
    """Write `README.md` and its picture into a folder of studies, and return the path of the page."""
    from deeplab.plots.style import to_png
    from deeplab.plots.verdicts import draw

    rows = [row for study in studies for verdict in study.verdicts if (row := _drawn(study, verdict))]
    if rows:
        (folder / FIGURES).mkdir(exist_ok=True)
        write_file(folder / FIGURES / f"{ALL}.png", to_png(draw(rows, "Published figures, and what was measured")))
    text, _ = to_markdown(overview_page(folder, studies), FIGURES, partial(read_figure, folder))
    page = folder / "README.md"
    write_file(page, (_NOTE + text).encode())
    return page


def overview_page(folder: Path, studies: Sequence[MeasuredStudy]) -> Page:
    """Describe all figures of some studies."""
    about = f"Every figure that the studies below hold against what was measured. {READING}"
    verdicts = [verdict for study in studies for verdict in study.verdicts]
    again = ("deeplab", "study", folder.as_posix(), "--report", *consent_words())
    sections = (
        Section("At a glance", tuple(_glance(folder, studies))),
        *(Section(study.title, tuple(_figures(study))) for study in studies),
        Section("Where this comes from", (CodeBlock(shlex.join(again), "shell"),)),
    )
    return Page("Published figures, and what was measured", (about,), tuple(counts(verdicts)), sections)


def _glance(folder: Path, studies: Sequence[MeasuredStudy]) -> Iterator[Part]:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (study.title, *_outcomes(study), Code(f"{study.folder.name}/README.md")) for study in studies
    )
    head = ("study", "reproduced or holds", "undecided", "differs or falls short", "not yet run", "its page")
    yield Table("Figures and bounds of each study, by verdict", head, rows)
    if (folder / FIGURES / f"{ALL}.png").is_file():
        seen = "each measured mean with its 95 % interval, seen from the published figure in units of its tolerance"
        yield Picture(f"{ALL}.png", f"All figures: {seen}", f"All published figures with a tolerance: {seen}")


def _outcomes(study: MeasuredStudy) -> tuple[int, ...]:
    outcomes = [verdict.outcome for verdict in study.verdicts]
    return tuple(sum(each in kinds for each in outcomes) for kinds in (GOOD, (UNDECIDED,), BAD, (NOT_RUN,)))


def _figures(study: MeasuredStudy) -> Iterator[Part]:
    causes = causes_of(study.entries)
    rows = tuple(
        (
            verdict.label,
            verdict.metric,
            verdict.expected,
            verdict.figure.source,
            words.measured(verdict),
            words.interval(verdict),
            verdict.measured.count if verdict.measured else None,
            marked(verdict, causes),
        )
        for verdict in study.verdicts
    )
    head = ("entry", "metric", "reported or expected", "source", "measured", "95 % interval", "n", "verdict")
    yield Table("Published figures and bounds, held against the runs", head, rows).without_empty_columns()
    for cause, number in causes.items():
        yield Text(f"({number}) {cause}")


def _drawn(study: MeasuredStudy, verdict: Verdict) -> tuple[str, float, float | None, str] | None:
    """Return a line of the picture, in units of the tolerance; None of what has none, or was not measured."""
    figure = verdict.figure
    if figure.reported is None or not figure.tolerance or verdict.value is None:
        return None
    half = words.half_width(verdict)
    name = f"{study.folder.name}, {words.drawn_name(verdict)}"
    scaled = (verdict.value - figure.reported) / figure.tolerance
    return name, scaled, None if half is None else half / figure.tolerance, verdict.outcome
