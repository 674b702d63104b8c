"""Write the report of a run: one HTML file, or Markdown with a folder of figures."""

from collections.abc import Sequence
from pathlib import Path

from deeplab.errors import UserError
from deeplab.files import write_file
from deeplab.report.html import to_html
from deeplab.report.markdown import to_markdown
from deeplab.report.noise_report import noise_report
from deeplab.report.page import Page
from deeplab.report.pictures import files_of
from deeplab.report.run_report import run_report
from deeplab.report.sweep_report import sweep_report
from deeplab.report.targets import SUFFIXES, figures_of
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG

_KINDS = {"sweep": sweep_report, "noise": noise_report}


def describe(store: Store, run: Run) -> Page:
    """What stands in the report of a run.

    Raises:
        UserError: it left no files.
    """
    files = files_of(store, run)
    if not files:
        raise UserError(f"Run {run.label} has no files to report: it ended too early, or they were deleted.")
    return _KINDS.get(run.tags.get(KIND_TAG, ""), run_report)(store, run, files)


def write_report(page: Page, paths: Sequence[Path]) -> None:
    """Write a page into each of the files; Markdown puts its figures into a folder beside it.

    Raises:
        UserError: the disk takes no more.
    """
    for path in paths:
        if path.suffix == SUFFIXES["html"]:
            write_file(path, to_html(page).encode())
            continue
        folder = figures_of(path)
        text, figures = to_markdown(page, folder.name)
        if figures:
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                raise UserError(f"{folder} cannot be made: {error.strerror}.") from error
        for name, content in figures.items():
            write_file(folder / name, content)
        write_file(path, text.encode())
