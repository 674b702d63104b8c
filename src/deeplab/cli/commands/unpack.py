"""`deeplab unpack`: the runs of a file, put into a store."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, StoreOverrides, check_store_overrides, reading_files, words
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.text import print_line
from deeplab.config.tracking import tracking_config
from deeplab.errors import UserError
from deeplab.runs.pack import unpack as unpack_runs
from deeplab.runs.pack_file import open_pack
from deeplab.sweep.plan import plural


@reading_files
def unpack(
    file: Annotated[str, words("FILE.zip", "A file that 'deeplab pack' wrote.")],
    overrides: StoreOverrides = None,
    study: Annotated[
        Path | None,
        typer.Option("--study", metavar="FOLDER", help="Put the files of the study into a new folder, too."),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Put the runs of a pack into a store, under the ids that they have; twice is once.

    Nothing of it is run. What it says was not checked by training: 'deeplab verify' does that.

    deeplab unpack mine.zip
    """
    tracking = tracking_config(check_store_overrides(overrides or [], "unpack"), config_dir)
    with interruptible("Interrupted; nothing was put into the store."), open_pack(file) as reader:
        if study is not None and study.exists():
            raise UserError(f"--study {study}: there is something of this name already.")
        done = unpack_runs(reader, tracking)
        files = [] if study is None else reader.copy_study(study)
    if study is not None and not files:
        print_line(f"{file} has no study")
    there = f", {plural(len(done.there), 'run')} there already" if done.there else ""
    print_line(f"{file}: {plural(len(done.added), 'run')} put into the store {done.place.folder}{there}")
    print_line(f"SHA-256 of its manifest {reader.sha256}")
