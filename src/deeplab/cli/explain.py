"""`deeplab explain`: what goes on inside a trained network while it looks at one image."""

import sys
from typing import Annotated

import typer

from deeplab.cli.completion import complete_tracking
from deeplab.cli.options import ConfigDir
from deeplab.config.errors import UserError


def explain(
    run: Annotated[str, typer.Argument(metavar="RUN", help="An id, the beginning of one, a name, or latest.")],
    image: Annotated[
        str, typer.Argument(metavar="IMAGE|INDEX", help="A PNG or JPEG file, or the number of a test row, from 0.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OVERRIDES]...",
            help="tracking.uri=... for another store.",
            autocompletion=complete_tracking,
            show_default=False,
        ),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Compute every layer of a network by hand, compare it with Keras', and draw what it sees.

    deeplab explain latest 7
    """
    from deeplab.config.compose import compose

    for override in overrides or []:
        if not override.startswith(("tracking.uri=", "tracking.experiment=")):
            raise UserError(
                f"Override '{override}': a run is explained as it was trained; only tracking... can be given."
            )
    tracking = compose(overrides or [], config_dir).config.tracking
    # Here, because what follows imports NumPy, MLflow and TensorFlow.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from deeplab.runs.explain import TOLERANCE
    from deeplab.runs.explain import explain as explain_run
    from deeplab.tracking.store import open_store

    result = explain_run(open_store(tracking), run, image)
    console = Console(highlight=False, markup=False)
    table = Table("layer", "type", "shape", box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("largest difference", justify="right")
    for layer in result.layers:
        table.add_row(layer.name, layer.kind, "x".join(map(str, layer.output_shape)), f"{layer.difference:.1e}")
    console.print(f"{result.image} in run {result.run}, by hand in NumPy and by Keras")
    console.print(table)
    if result.said is not None:
        right = "" if result.label is None else f"; it is {result.label}"
        console.print(f"says {result.said[0]} ({100 * result.said[1]:.1f} %){right}")
    console.print(f"pictures in {result.folder}: {', '.join(result.pictures) or 'none, rows are no images'}")
    if result.disagreeing:
        print(
            f"deeplab: NumPy and Keras differ by more than {TOLERANCE:g} in {', '.join(result.disagreeing)}.",
            file=sys.stderr,
        )
        raise typer.Exit(1)
