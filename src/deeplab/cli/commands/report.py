"""`deeplab report`: a run, a sweep, an evaluation or a study as one page to hand on."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, Latex, RunArguments, reading_files, running_code
from deeplab.cli.lookup import named_run
from deeplab.cli.terminal.text import print_line
from deeplab.config.tracking import tracking_config
from deeplab.errors import UserError
from deeplab.files import check_file, write_file
from deeplab.report.page import Page, Read, slug
from deeplab.report.targets import named_for, output_paths
from deeplab.report.write import describe, write_report
from deeplab.runs.detail import files_of
from deeplab.study.config import FILE, read_study
from deeplab.study.page import read_figure, study_report
from deeplab.study.results import Results
from deeplab.tracking.artifacts import read_artifact
from deeplab.tracking.store import open_if_there


@reading_files
@running_code
def report(
    run: RunArguments,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="NAME.html or NAME.md; here, named for the run, if not given."),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="html|markdown|both", help="By the ending of --out, else html.")
    ] = None,
    latex: Latex = None,
    config_dir: ConfigDir = None,
) -> None:
    """Write a run, a sweep, an evaluation or a study as one HTML file that needs nothing else, or as Markdown.

    deeplab report latest --out report.html

    A study is meant by its folder: deeplab report experiments/digits_dense. --latex is for sweeps and studies.
    """
    if latex is not None:
        check_file(latex, ".tex", "--latex")
    if out is not None and out.is_dir():
        raise UserError(f"--out {out}: this is a folder; give the name of a file.")
    paths = output_paths(out or Path("report"), form)
    if _is_study(run):
        page, name, read = _study(Path(run[0]))
    else:
        try:
            page, name, read = _run(run, config_dir)
        except UserError as error:
            if "/" in run[0] and "=" not in run[0]:  # a folder was meant, it seems
                raise UserError(f"{error} There is no study.yaml in {run[0]} either.") from error
            raise
    if out is None:
        # Names may hold dots, which begin no ending.
        paths = output_paths(Path(f"report-{name}"), form or "html")
    table = "" if latex is None else _latex(run, config_dir)
    write_report(page, paths, read)
    if latex is not None:
        write_file(latex, table.encode())
        print_line(f"table {latex}")
    for path in paths:
        print_line(f"report {path}")


def _is_study(words: list[str]) -> bool:
    """Tell whether a folder is meant; a run may be called as one that has no study in it."""
    return len(words) == 1 and (Path(words[0]) / FILE).is_file()


def _study(folder: Path) -> tuple[Page, str, Read]:
    page = study_report(read_study(folder), Results(folder).rows, folder)
    return page, slug(folder.resolve().name), partial(read_figure, folder)


def _latex(words: list[str], config_dir: Path | None) -> str:
    from deeplab.comparison.latex import study_latex, sweep_latex

    if _is_study(words):
        return study_latex(Path(words[0]), open_if_there(tracking_config([], config_dir)))
    return sweep_latex(*named_run(words, config_dir))


def _run(words: list[str], config_dir: Path | None) -> tuple[Page, str, Read]:
    store, run = named_run(words, config_dir)
    files = files_of(store, run)
    if not files:
        raise UserError(f"Run {run.label} has no files to report: it ended too early, or they were deleted.")
    return describe(store, run, files), named_for(run), partial(read_artifact, store, run)
