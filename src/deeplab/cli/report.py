"""`deeplab report`: a run, a sweep or an evaluation as one page to hand on."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.options import ConfigDir
from deeplab.cli.reading import RunArguments, named_runs
from deeplab.config.errors import UserError


def report(
    run: RunArguments,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="NAME.html or NAME.md; here, named for the run, if not given."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="html|markdown|both", help="By the ending of --out, else html."),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Write a run, a sweep or an evaluation as one HTML file that needs nothing else, or as Markdown with figures.

    deeplab report latest --out report.html
    """
    from deeplab.report.targets import named_for, targets

    paths = targets(out or Path("report"), form)
    store, found = named_runs(run, config_dir)
    if len(found) > 1:
        raise UserError(f"One run at a time, got {len(found)}. To see several: deeplab compare {' '.join(run)}")
    if out is None:
        # The names of runs may hold dots, which begin no ending.
        paths = targets(named_for(found[0]), form or "html")
    from deeplab.report.write import describe, write_report

    write_report(describe(store, found[0]), paths)
    for path in paths:
        print(f"report {path}")
