"""`deeplab explain`: what goes on inside a trained network while it looks at one image."""

import sys
from typing import Annotated

import typer

from deeplab.cli.options import RunName, StoreOverrides, check_store_overrides


def explain(
    run: RunName,
    image: Annotated[
        str, typer.Argument(metavar="IMAGE|INDEX", help="A PNG or JPEG file, or the number of a test row, from 0.")
    ],
    overrides: StoreOverrides = None,
) -> None:
    """Compute every layer of a network by hand, compare it with Keras', and draw what the network sees.

    deeplab explain latest 7
    """
    words = check_store_overrides(overrides or [], "explain")
    # Here, because what follows imports NumPy, MLflow and TensorFlow.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from deeplab.config.compose import compose
    from deeplab.runs.explain import TOLERANCE
    from deeplab.runs.explain import explain as explain_run
    from deeplab.tracking.store import open_store

    result = explain_run(open_store(compose(words).config.tracking), run, image)
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
    console.print(f"{result.folder} of the run: {', '.join((*result.pictures, 'layers.csv'))}")
    if result.disagreeing:
        print(
            f"deeplab: NumPy and Keras differ by more than {TOLERANCE:g} in {', '.join(result.disagreeing)}.",
            file=sys.stderr,
        )
        raise typer.Exit(1)
