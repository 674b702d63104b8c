"""Write the report of a run: one HTML file, or Markdown with a folder of figures."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from deeplab.errors import UserError
from deeplab.files import write_file
from deeplab.report.markdown import to_markdown
from deeplab.report.noise_report import noise_report
from deeplab.report.page import Page, Read, Section, Text, size
from deeplab.report.run_report import run_report
from deeplab.report.sweep_report import sweep_report
from deeplab.report.targets import SUFFIXES, figures_of
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store
from deeplab.tracking.tags import KIND_TAG

_KINDS = {"sweep": sweep_report, "noise": noise_report}


def describe(store: Store, run: Run, files: Sequence[tuple[str, int]]) -> Page:
    """Describe a run, whatever kind it is of.

    Args:
        store: where it is.
        run: it.
        files: path and size in bytes of each that it left.
    """
    page = _KINDS.get(run.tags.get(KIND_TAG, ""), run_report)(store, run, [path for path, _ in files])
    return replace(page, sections=(*page.sections, Section("Files", tuple(_files(files)))))


def _files(files: Sequence[tuple[str, int]]) -> Iterator[Text]:
    """List the sizes of what a run left, those of a folder summed up."""
    sizes: dict[str, list[int]] = {}
    for path, count in files:
        folder, slash, _ = path.partition("/")
        sizes.setdefault(folder + slash, []).append(count)
    if sizes:
        lines = (
            f"{name} {size(sum(each))}" + (f" in {len(each)}" if name[-1] == "/" else "")
            for name, each in sizes.items()
        )
        yield Text(", ".join(lines))


def write_report(page: Page, paths: Sequence[Path], read: Read) -> None:
    """Write a page into each of the files; Markdown puts its figures into a folder beside it.

    Args:
        page: what is on it.
        paths: of the files.
        read: gives its figures.

    Raises:
        UserError: the disk takes no more.
    """
    from deeplab.report.html import to_html  # here, because who prints a page needs no Jinja

    for path in paths:
        if path.suffix == SUFFIXES["html"]:
            write_file(path, to_html(page, read).encode())
            continue
        folder = figures_of(path)
        text, figures = to_markdown(page, folder.name, read)
        if figures:
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                raise UserError(f"{folder} cannot be made: {error.strerror}.") from error
        for name, content in figures.items():
            write_file(folder / name, content)
        write_file(path, text.encode())
