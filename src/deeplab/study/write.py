"""`README.md` of a study with its figures, which are drawn or copied out of the store."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from deeplab.files import write_file
from deeplab.report.markdown import to_markdown
from deeplab.study.config import StudyConfig
from deeplab.study.entries import EntryResult, measure, values_needed
from deeplab.study.matching import complete
from deeplab.study.page import (
    FIGURES,
    OVERVIEW,
    page_of,
    picture_file,
    picture_names,
    read_figure,
    shares_reported,
)
from deeplab.study.results import Results
from deeplab.study.words import drawn_name, half_width
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.find import run_by_id
from deeplab.tracking.store import Store
from deeplab.tracking.tags import PARENT_TAG

_NOTE = "<!-- Written by deeplab study from study.yaml and results.csv; what is changed here is lost. -->\n\n"


def write_page(
    config: StudyConfig, folder: Path, results: Results, store: Store | None
) -> tuple[Path, list[EntryResult]]:
    """Write `README.md` and its figures into the folder of a study.

    Args:
        config: the study.
        folder: where it lies.
        results: what is finished; read again, and given what its figures need and runs of the store still have.
        store: where values and pictures are taken from; those of before stay where it has none, and all of them
            without one.

    Returns:
        The path of the page, and what stands on it.
    """
    figures = folder / FIGURES
    figures.mkdir(exist_ok=True)
    results.read()
    if store is not None:
        _complete(config, results, store)
    measured = measure(config, results.rows)
    _draw_overview(config.title, measured, figures)
    for each in measured:
        for name in picture_names(each):
            content = _picture(store, each, name) if store else None
            if content is not None:  # where the run is elsewhere, the picture of before stays
                write_file(figures / picture_file(each.name, name), content)
    text, _ = to_markdown(page_of(config, measured, folder), FIGURES, partial(read_figure, folder))
    page = folder / "README.md"
    write_file(page, (_NOTE + text).encode())
    return page, measured


def _complete(config: StudyConfig, results: Results, store: Store) -> None:
    needed = {name: values_needed(config, name) for name, entry in config.entries.items() if entry.noise is None}
    for row in list(results.rows):
        completed = complete(store, row, needed.get(row.entry, ()))
        if completed != row:
            results.add(completed)


def _draw_overview(title: str, measured: Sequence[EntryResult], figures: Path) -> None:
    from deeplab.plots.reported import draw
    from deeplab.plots.style import to_png

    shares, verdicts = shares_reported(measured)
    rows = [
        (
            drawn_name(verdict),
            verdict.figure.reported or 0.0,
            verdict.figure.tolerance or 0.0,
            verdict.value,
            half_width(verdict),
            verdict.outcome,
        )
        for verdict in verdicts
    ]
    if rows:
        write_file(figures / f"{OVERVIEW}.png", to_png(draw(rows, f"{title}: {shares}", shares)))


def _picture(store: Store, measured: EntryResult, name: str) -> bytes | None:
    if not measured.rows:
        return None
    run = run_by_id(store, measured.rows[0].run)
    if run is not None and measured.entry.sweep:
        run = run_by_id(store, run.tags.get(PARENT_TAG, ""))
    return None if run is None else read_artifact(store, run, f"{name if '/' in name else f'plots/{name}'}.png")
