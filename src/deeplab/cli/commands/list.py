"""`deeplab list`: what there is to choose from."""

from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, reading_files
from deeplab.cli.terminal.text import print_line
from deeplab.config.folders import GROUPS, conf_folders, description, options
from deeplab.errors import unknown_name
from deeplab.visible import visible_line

PLURALS = {"datasets": "dataset", "models": "model", "optimizers": "optimizer", "experiments": "experiment"}
SHOWN = ("dataset", "model", "optimizer", "experiment")


@reading_files
def list_options(
    what: Annotated[
        str | None, typer.Argument(metavar="[datasets|models|optimizers|experiments]", show_default=False)
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """List data sets, models, optimisers and experiments, one line on each."""
    folders = conf_folders(config_dir)
    groups: tuple[str, ...] = SHOWN
    if what is not None:
        group = PLURALS.get(what, what)
        if group not in GROUPS:
            raise unknown_name("list", what, PLURALS)
        groups = (group,)
    for number, group in enumerate(groups):
        paths = options(group, folders)
        width = max(len(visible_line(name)) for name in paths)
        if len(groups) > 1:
            print(f"{'' if number == 0 else chr(10)}{group}=")
        for name, path in paths.items():
            print_line(f"  {visible_line(name):<{width}}  {description(path)}")
