"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.completion import complete_override

Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[OVERRIDES]...",
        help="What differs from the defaults: model=cnn training.epochs=3. See 'deeplab list'.",
        autocompletion=complete_override,
        show_default=False,
    ),
]

ConfigDir = Annotated[
    Path | None,
    typer.Option("--config-dir", metavar="FOLDER", help="A conf/ folder of your own, looked into first."),
]
