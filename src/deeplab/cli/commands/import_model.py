"""`deeplab import`: an existing Keras model as a network in YAML."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, StoreOverrides, check_store_overrides, reading_files, words
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.text import print_line
from deeplab.config.compose import compose
from deeplab.workflows.import_model.import_model import import_model as import_file


@reading_files
def import_model(
    file: Annotated[str, words("FILE", "A .keras file, or the .json of model.to_json(); nothing in it is run.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The network, as in conf/model/mine.yaml.")],
    overrides: StoreOverrides = None,
    weights: Annotated[
        bool, typer.Option("--weights", help="Keep its weights as a run, for training.initial_weights.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Write an existing Keras model as a network in YAML, and check that both are the same.

    deeplab import theirs.keras --out mine.yaml
    """
    config = compose(check_store_overrides(overrides or [], "import"), config_dir).config
    with interruptible("Interrupted; nothing was written."):
        made = import_file(file, out, force, config.training, config.tracking if weights else None)
    print_line(f"{made.path}: {made.layers} layers, {made.parameters:,} parameters, for {made.task}")
    print_line(f"built again with the same weights and asked about random rows: it differs by {made.difference:.1e}")
    for note in made.notes:
        print_line(f"note: {note}")
    if made.run_id is not None:
        print_line(f"its weights are run {made.run_id}: training.initial_weights={made.run_id[:8]}")
