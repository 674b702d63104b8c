"""The runs that a command looks up."""

import gc
from pathlib import Path

from deeplab.cli.arguments import split
from deeplab.config.tracking import tracking_config
from deeplab.errors import UserError
from deeplab.tracking.find import find_run
from deeplab.tracking.run import Run
from deeplab.tracking.store import Store, open_to_read


def open_store_fast(overrides: list[str], config_dir: Path | None) -> Store:
    """Open the store that is there, for a command that looks something up and ends."""
    # Nothing of what so short a process makes is worth collecting, and looking for it takes a third of its time.
    gc.disable()
    return open_to_read(tracking_config(overrides, config_dir))


def named_runs(words: list[str], config_dir: Path | None) -> tuple[Store, list[Run]]:
    """Find the store and the runs that are meant, in the order they are named, each once."""
    names, overrides = split(words)
    if not names:
        raise UserError("Name a run: an id, the beginning of one, a name, latest, or best:FILTER.")
    store = open_store_fast(overrides, config_dir)
    runs = [find_run(store, name) for name in names]
    return store, list({run.id: run for run in runs}.values())


def named_run(words: list[str], config_dir: Path | None) -> tuple[Store, Run]:
    """Find the store and the one run that is meant."""
    store, runs = named_runs(words, config_dir)
    if len(runs) > 1:
        raise UserError(f"One run at a time, got {len(runs)}. To see several: deeplab compare {' '.join(words)}")
    return store, runs[0]
