"""`deeplab rm`: delete runs."""

import sys
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, RunArguments, reading_files
from deeplab.cli.lookup import named_runs
from deeplab.cli.terminal.tables import console, table
from deeplab.errors import UserError
from deeplab.report.page import size
from deeplab.runs.delete import Deletion, plan_deletion, remove
from deeplab.tracking.tags import KIND_TAG


@reading_files
def rm(
    runs: RunArguments,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    outside: Annotated[
        bool, typer.Option("--outside", help="Delete files, too, that lie outside the store's folder.")
    ] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Delete runs, with their trials, models, figures and checkpoints, after asking.

    The files are gone for good. The run's own lines stay in the database, hidden, until 'mlflow gc' sweeps them out.
    """
    store, chosen = named_runs(runs, config_dir)
    removals = plan_deletion(store, chosen, outside)
    total = size(sum(removal.bytes for removal in removals))
    _print(removals)
    if not yes:
        if not sys.stdin.isatty():
            raise UserError("There is no terminal to ask on; nothing was deleted. To delete without asking: --yes")
        count = "this run" if len(removals) == 1 else f"these {len(removals)} runs"
        if not typer.confirm(f"Delete {count} and {total} of files for good?"):
            print("nothing was deleted")
            return
    for removal in removals:
        remove(store, removal)
    print(f"deleted {len(removals)} run{'' if len(removals) == 1 else 's'}, {total} freed")


def _print(removals: list[Deletion]) -> None:
    shown = table(None, ("id", "name", "kind", "status"), ("files", "size"))
    for removal in removals:
        run, kind = removal.run, removal.run.tags.get(KIND_TAG, "")
        shown.add_row(run.short_id, run.name, kind, run.shown_status.lower(), str(removal.files), size(removal.bytes))
    screen = console()
    screen.print(shown)
    for place in (place for removal in removals for place in removal.outside):
        screen.print(f"outside the store: {place.resolve()}", soft_wrap=True)
