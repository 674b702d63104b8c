"""`deeplab pack`: runs in a file that another person can open."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, reading_files, split, words
from deeplab.cli.completion import complete_run
from deeplab.cli.interrupt import interruptible
from deeplab.cli.lookup import open_store_fast
from deeplab.cli.terminal.text import print_line
from deeplab.errors import UserError
from deeplab.report.page import size
from deeplab.runs.pack import pack as pack_runs
from deeplab.study.config import FILE
from deeplab.study.pack import study_files, study_runs
from deeplab.sweep.plan import plural
from deeplab.tracking.find import find_run

Things = Annotated[
    list[str],
    words(
        "RUN|SWEEP|STUDY... [OVERRIDES]...",
        "A run or a sweep: an id, the beginning of one, a name, latest; or the folder of a study. "
        "tracking.uri=... for another store.",
        complete_run,
    ),
]


@reading_files
def pack(
    things: Things,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.zip", help="Where to; by its name if not given.")
    ] = None,
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints/--no-checkpoints", help="Put states to go on from in, or leave them out.")
    ] = True,
    config_dir: ConfigDir = None,
) -> None:
    """Write runs with all that belongs to them into one file, for 'deeplab unpack' and 'deeplab verify'.

    deeplab pack latest --out mine.zip
    """
    names, overrides = split(things)
    if not names:
        raise UserError("Name what to pack: a run, a sweep, or the folder of a study.")
    folders = [Path(name) for name in names if (Path(name) / FILE).is_file()]
    if len(folders) > 1:
        raise UserError(f"One study at a time, got {folders[0]} and {folders[1]}.")
    store = open_store_fast(overrides, config_dir)
    runs = [find_run(store, name) for name in names if Path(name) not in folders]
    for folder in folders:
        runs += study_runs(folder, store)
    study = study_files(folders[0]) if folders else {}
    first = folders[0].resolve().name if folders else runs[0].name
    target = out or Path(f"{''.join(letter if letter.isalnum() or letter in '._-' else '_' for letter in first)}.zip")
    with interruptible("Interrupted; nothing was written."):
        made = pack_runs(store, runs, target, checkpoints, study)
    left = ", without checkpoints" if made.without_checkpoints else ""
    print_line(f"{made.path}: {size(made.bytes)}, {plural(len(made.runs), 'run')}, {plural(made.files, 'file')}{left}")
    print_line(f"SHA-256 of its manifest {made.sha256}")
