"""`deeplab explain`: what goes on inside a trained network while it looks at one image."""

import sys
from typing import Annotated

import typer

from deeplab.cli.arguments import RunName, StoreOverrides, check_store_overrides, running_code
from deeplab.cli.terminal.tables import console, table
from deeplab.config.compose import compose
from deeplab.tracking.store import open_existing
from deeplab.workflows.explain.explain import TOLERANCE
from deeplab.workflows.explain.explain import explain as explain_run


@running_code
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
    result = explain_run(open_existing(compose(words).config.tracking), run, image)
    screen, rows = console(), table(None, ("layer", "type", "shape"), ("largest difference",))
    for layer in result.layers:
        rows.add_row(layer.name, layer.kind, "x".join(map(str, layer.output_shape)), f"{layer.difference:.1e}")
    screen.print(f"{result.image} in run {result.run}, by hand in NumPy and by Keras", soft_wrap=True)
    screen.print(rows)
    if result.predicted is not None:
        correct = "" if result.correct is None else f"; it is {result.correct}"
        screen.print(f"says {result.predicted}{correct}", soft_wrap=True)
    screen.print(f"{result.folder} of the run: {', '.join((*result.pictures, 'layers.csv'))}")
    if result.disagreeing:
        print(
            f"deeplab: NumPy and Keras differ by more than {TOLERANCE:g} in {', '.join(result.disagreeing)}.",
            file=sys.stderr,
        )
        raise typer.Exit(1)
