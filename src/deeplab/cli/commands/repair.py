"""`deeplab repair`: runs whose process is gone."""

from deeplab.cli.arguments import ConfigDir, Overrides, reading_files
from deeplab.cli.terminal.text import print_line
from deeplab.config.compose import compose
from deeplab.tracking.repair import mark_dead
from deeplab.tracking.store import open_existing
from deeplab.workflows.resume import resumable


@reading_files
def repair(overrides: Overrides = None, config_dir: ConfigDir = None) -> None:
    """Mark runs KILLED whose process is gone, and list those that can be resumed."""
    store = open_existing(compose(overrides or [], config_dir).config.tracking)
    dead = mark_dead(store)
    for run in dead:
        print_line(f"marked KILLED: {run.short_id} {run.name}")
    if not dead:
        print("no run says RUNNING whose process is gone")
    for run in resumable(store):
        print_line(f"can go on: deeplab train --resume {run.short_id}  ({run.name})")
