"""`deeplab study`: published figures held against measured ones."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import StoreOverrides, check_store_overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.study_progress import StudyProgress, all_held, show_study
from deeplab.config.compose import compose
from deeplab.config.trust import check_overrides
from deeplab.errors import RunError
from deeplab.study.config import FILE, read_study
from deeplab.study.entries import check_names, check_points, measure
from deeplab.study.results import Results
from deeplab.study.run import Study, run_study
from deeplab.study.write import write_page
from deeplab.tracking.store import open_if_there, open_store

OPEN = 3  # the exit status of a study that came to its end and leaves something open


@reading_files
@running_code
def study(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="With a study.yaml, as experiments/digits_dense.")],
    overrides: StoreOverrides = None,
    only: Annotated[list[str] | None, typer.Option(metavar="ENTRY", help="Carry out this entry alone.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Train nothing; write the report of what there is.")] = False,
) -> None:
    """Train what a study lacks, and write its README.md: reported against measured.

    deeplab study experiments/digits_dense

    Status 0: every run is there, and every figure as published or within its bounds. 3: a figure differs, or something
    is missing (with --only, of these entries). 1: a run failed. 2: the study cannot be read.
    """
    config = read_study(folder)
    for name, entry in config.entries.items():
        check_overrides(entry.run or entry.sweep or (), f"{folder / FILE}: entries.{name}")
    words = check_store_overrides(overrides or [], "study")
    with interruptible("Interrupted; what was finished is kept. To go on: the same command again."):
        check_names(config, only or [])
        check_points(config)
        results, tracking = Results(folder), compose(words).config.tracking
        failure: RunError | None = None
        store = open_if_there(tracking) if report else open_store(tracking)
        try:
            if not report and store:
                run_study(Study(config, folder, words, store, StudyProgress(), results, {}), only or [])
        except RunError as error:
            failure = error
        finally:
            page = write_page(config, folder, results, store)
    measured = measure(config, results.rows)
    show_study(config.title, measured, page)
    held = all_held([each for each in measured if not only or each.name in only])
    if failure is not None:
        raise failure
    if not held:
        raise typer.Exit(OPEN)
