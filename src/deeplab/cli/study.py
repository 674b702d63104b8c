"""`deeplab study`: published figures held against measured ones."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.options import StoreOverrides, check_store_overrides
from deeplab.config.errors import Interrupted, exit_status


def study(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="With a study.yaml, as experiments/digits_dense.")],
    overrides: StoreOverrides = None,
    only: Annotated[list[str] | None, typer.Option(metavar="ENTRY", help="Carry out this entry alone.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Train nothing; write the report of what there is.")] = False,
) -> None:
    """Train what a study lacks, and write its README.md: reported against measured.

    deeplab study experiments/digits_dense
    """
    from deeplab.config.study import read_study

    config = read_study(folder)
    words = check_store_overrides(overrides or [], "study")
    try:
        # Here, because what follows imports NumPy, MLflow and TensorFlow.
        from deeplab.cli.study_progress import ShownStudy, show_study
        from deeplab.config.compose import compose
        from deeplab.report.entries import check_points
        from deeplab.report.results import Results
        from deeplab.report.study import Study, carry_out
        from deeplab.report.study_page import write_page
        from deeplab.tracking.store import open_store

        check_points(config)
        results = Results(folder)
        store = open_store(compose(words).config.tracking)
        carried = Study(config, folder, words, store, ShownStudy(), results, {})
        try:
            if not report:
                carry_out(carried, only or [])
        finally:
            page = write_page(carried)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(
            "Interrupted; what was finished is kept. To go on: the same command again.", exit_status(interrupt)
        ) from None
    show_study(carried, page)
