"""`deeplab generate`: new images from the decoder of an autoencoder."""

from pathlib import Path
from typing import Annotated, cast

import typer

from deeplab.cli.arguments import RunName, StoreOverrides, check_store_overrides, running_code
from deeplab.cli.completion import complete_run
from deeplab.cli.terminal.text import print_line
from deeplab.config.compose import compose
from deeplab.errors import UserError
from deeplab.files import check_file, write_file
from deeplab.tracking.store import open_existing
from deeplab.workflows.generate import GenerateRequest, Way
from deeplab.workflows.generate import generate as generate_images


@running_code
def generate(
    run: RunName,
    overrides: StoreOverrides = None,
    between: Annotated[
        tuple[str, str] | None, typer.Option(help="Two test images: a class (3) for its first one, or an index (@57).")
    ] = None,
    grid: Annotated[
        tuple[str, str, str, str] | None, typer.Option(help="Four test images, the corners of a square.")
    ] = None,
    around: Annotated[str | None, typer.Option(help="One test image, whose code is varied by noise.")] = None,
    steps: Annotated[int, typer.Option(metavar="N", help="Images in a row.")] = 8,
    noise: Annotated[
        float | None,
        typer.Option(
            metavar="LEVEL", help="Noise on the codes, as a share of their spread over test images; 0.5 with --around."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of that noise.")] = 0,
    classifier: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="A run whose network names each image.", autocompletion=complete_run),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.png", help="A copy of the picture.")] = None,
) -> None:
    """Encode test images, go from code to code, decode each step.

    deeplab generate mnist_autoencoder --between 3 8 --steps 8
    """
    ways = {"between": between, "grid": grid, "around": around and (around,)}
    given = {way: images for way, images in ways.items() if images}
    if len(given) != 1:
        raise UserError("Give one of --between A B, --grid A B C D and --around A.")
    ((way, images),) = given.items()
    level = noise if noise is not None else (0.5 if way == "around" else 0.0)
    words = check_store_overrides(overrides or [], "generate")
    wish = GenerateRequest(cast(Way, way), images, steps, level, seed)
    if out is not None:
        check_file(out, ".png", "--out")
    result = generate_images(run, wish, classifier, open_existing(compose(words).config.tracking))
    for name, pairs in (result.predicted or {}).items():
        answer = "  ".join(f"{label} {100 * probability:.0f} %" for label, probability in pairs)
        print_line(f"{name.strip()}: {answer}" if name.strip() else answer)
    print_line(f"{result.artifact} of run {result.trained.name}")
    if out is not None:
        write_file(out, result.png)
        print_line(f"{out.absolute()}")
