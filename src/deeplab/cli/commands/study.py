"""`deeplab study`: published figures held against measured ones."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import Latex, StoreOverrides, check_store_overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.study_progress import StudyProgress, show_status, show_study
from deeplab.cli.terminal.text import print_line
from deeplab.config.compose import compose
from deeplab.config.trust import check_overrides
from deeplab.errors import RunError, UserError
from deeplab.files import check_file, write_file
from deeplab.study.config import FILE, StudyConfig, read_study, study_folders
from deeplab.study.decide import decide as add_replicates
from deeplab.study.entries import EntryResult, check_names, check_points
from deeplab.study.overview import MeasuredStudy, write_overview
from deeplab.study.results import Results
from deeplab.study.run import Study, raise_failed, run_study
from deeplab.study.write import write_page
from deeplab.sweep.budget import Budget
from deeplab.tracking.store import open_if_there, open_store


@reading_files
@running_code
def study(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="With a study.yaml, as experiments/digits_dense, or with such folders."),
    ],
    overrides: StoreOverrides = None,
    only: Annotated[list[str] | None, typer.Option(metavar="ENTRY", help="Carry out this entry alone.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Train nothing; write the report of what there is.")] = False,
    latex: Latex = None,
    decide: Annotated[
        bool, typer.Option("--decide", help="Then add replicates to what is undecided, one after the other.")
    ] = False,
    hours: Annotated[
        float | None, typer.Option(help="With --decide: begin none after so many; 1 if not given.")
    ] = None,
    max_replicates: Annotated[
        int | None, typer.Option(min=2, max=1000, help="With --decide: of an entry, at most; 10 if not given.")
    ] = None,
) -> None:
    """Train what a study lacks, and write its README.md: reported against measured, with a verdict.

    deeplab study experiments/digits_dense

    Of a folder of studies each is carried out, and a README.md of all their figures written.

    Status 0: every run is there, and every figure reproduced or within its bounds. 3: a figure is undecided, or
    something is missing (with --only, of these entries). 4: a figure differs or falls short. 1: a run failed. 2: the
    study cannot be read.
    """
    if report and decide:
        raise UserError("--report trains nothing, and --decide trains: give one of them.")
    if not decide and (hours, max_replicates) != (None, None):
        raise UserError("--hours and --max-replicates say how far --decide goes; give it, too.")
    deciding = (Budget(hours).hours or 1.0, max_replicates or 10) if decide else None
    if latex is not None:
        check_file(latex, ".tex", "--latex")
    folders = study_folders(folder)
    if latex is not None and folders != [folder]:
        raise UserError(f"--latex writes the table of one study; {folder} has {len(folders)}. Give the folder of one.")
    if only and folders != [folder]:
        raise UserError(f"--only names entries of one study; {folder} has {len(folders)}. Give the folder of one.")
    configs = {each: _checked(each, only or []) for each in folders}
    words = check_store_overrides(overrides or [], "study")
    measured, failures = [], []
    with interruptible("Interrupted; what was finished is kept. To go on: the same command again."):
        for each, config in configs.items():
            page, entries, failure = _carried_out(config, each, words, only or [], report, deciding)
            measured.append(MeasuredStudy(each, config.title, tuple(entries)))
            failures += [failure] if failure else []
            show_study(config.title, entries, page)
    if folders != [folder]:
        print_line(f"report {write_overview(folder, measured)}")
    if latex is not None:
        from deeplab.comparison.latex import study_latex

        store = open_if_there(compose(words).config.tracking)
        write_file(latex, study_latex(folder, store).encode())
        print_line(f"table {latex}")
    status = show_status([each for one in measured for each in one.entries if not only or each.name in only])
    if failures:
        raise failures[0]
    if status:
        raise typer.Exit(status)


def _checked(folder: Path, only: list[str]) -> StudyConfig:
    config = read_study(folder)
    for name, entry in config.entries.items():
        check_overrides(entry.run or entry.sweep or (), f"{folder / FILE}: entries.{name}")
    check_names(config, only)
    check_points(config)
    return config


def _carried_out(
    config: StudyConfig,
    folder: Path,
    words: list[str],
    only: list[str],
    report: bool,
    deciding: tuple[float, int] | None,  # hours and replicates
) -> tuple[Path, list[EntryResult], RunError | None]:
    """Train, unless there is only to report, and write the page whatever happens."""
    results, tracking = Results(folder), compose(words).config.tracking
    failure: RunError | None = None
    store = open_if_there(tracking) if report else open_store(tracking)
    try:
        if not report and store:
            asked = Study(config, folder, words, store, StudyProgress(), results, {})
            run_study(asked, only)
            if deciding:
                add_replicates(asked, only, *deciding)
                raise_failed(asked)
    except RunError as error:
        failure = error
    finally:
        page, entries = write_page(config, folder, results, store)
    return page, entries, failure
