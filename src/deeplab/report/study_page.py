"""`README.md` of a study with its figures, which are drawn or copied out of the store."""

from collections.abc import Sequence
from pathlib import Path

from deeplab.report.entries import Measured, measure
from deeplab.report.markdown import to_markdown
from deeplab.report.study import Study
from deeplab.report.study_report import FIGURES, OVERVIEW, picture_file, picture_names, study_report
from deeplab.runs.outputs import write_file
from deeplab.tracking.read import read_artifact

_NOTE = "<!-- Written by deeplab study from study.yaml and results.csv; what is changed here is lost. -->\n\n"


def write_page(study: Study) -> Path:
    """Write `README.md` and its figures into the folder of a study.

    Returns:
        The path of the page.

    Raises:
        UserError: the disk takes no more.
    """
    figures = study.folder / FIGURES
    figures.mkdir(exist_ok=True)
    study.results.read()
    measured = measure(study.config, study.results.lines)
    _draw_overview(study.config.title, measured, figures)
    for each in measured:
        for name in picture_names(each):
            content = _picture(study, each, name)
            if content is not None:  # where the run is elsewhere, the picture of before stays
                write_file(figures / picture_file(each.name, name), content)
    text, _ = to_markdown(study_report(study.config, study.results.lines, study.folder), FIGURES)
    page = study.folder / "README.md"
    write_file(page, (_NOTE + text).encode())
    return page


def _draw_overview(title: str, measured: Sequence[Measured], figures: Path) -> None:
    from deeplab.plots.study import draw
    from deeplab.plots.style import to_png

    rows = [
        (
            f"{verdict.label if verdict.figure.point else each.name}: {verdict.metric}",
            verdict.figure.reported,
            verdict.figure.tolerance or 0.0,
            None if verdict.measured is None else verdict.measured.mean,
            None if verdict.measured is None else verdict.measured.deviation,
            verdict.words == "reproduced",
        )
        for each in measured
        for verdict in each.verdicts
        if verdict.figure.reported is not None and "accuracy" in verdict.metric
    ]
    if rows:
        write_file(figures / f"{OVERVIEW}.png", to_png(draw(rows, f"{title}: accuracy", "accuracy")))


def _picture(study: Study, measured: Measured, name: str) -> bytes | None:
    from mlflow.exceptions import MlflowException

    if not measured.lines:
        return None
    try:
        run = study.store.client.get_run(measured.lines[0].run)
        if measured.entry.sweep:
            run = study.store.client.get_run(run.data.tags["mlflow.parentRunId"])
    except (MlflowException, KeyError):
        return None
    return read_artifact(study.store, run, f"plots/{name}.png")
