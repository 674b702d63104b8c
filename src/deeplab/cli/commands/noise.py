"""`deeplab noise`: how noise spoils a classifier, and what networks that denoise take back."""

from typing import Annotated

import typer

from deeplab.cli.arguments import running_code, split, words
from deeplab.cli.completion import complete_run
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.noise_progress import noise_progress, show_noise
from deeplab.config.compose import compose
from deeplab.errors import unknown_name
from deeplab.tracking.store import open_existing
from deeplab.workflows.noise.evaluate import NoiseSettings, noise_curve
from deeplab.workflows.noise.levels import read_levels

KINDS = ("salt_and_pepper", "gaussian", "masking")


@running_code
def noise(
    classifier: Annotated[
        str,
        typer.Option(
            "--classifier", metavar="RUN", help="The run whose network classifies.", autocompletion=complete_run
        ),
    ],
    runs: Annotated[
        list[str] | None,
        words(
            "[RUN]...",
            "Runs whose networks denoise: ids, names, latest, best:model=autoencoder. Also tracking.uri=...",
            complete_run,
        ),
    ] = None,
    levels: Annotated[
        str, typer.Option(metavar="LEVELS", help="START:STOP:STEP, or levels with commas between them.")
    ] = "0:1:0.1",
    seeds: Annotated[int, typer.Option(metavar="N", help="Draws of the noise at each level.")] = 5,
    kind: Annotated[
        str | None,
        typer.Option("--noise", metavar="KIND", help=f"{', '.join(KINDS)}; that of the first denoiser if not given."),
    ] = None,
) -> None:
    """Classify noisy test images, as they are and denoised, at several levels.

    deeplab noise mnist_autoencoder --classifier best:model=cnn6 --levels 0:1:0.1
    """
    denoisers, overrides = split(runs or [])
    if kind is not None and kind not in KINDS:
        raise unknown_name("noise", kind, KINDS, "--noise")
    with interruptible("Interrupted before the evaluation began; there is no run."):
        settings = NoiseSettings(classifier, tuple(denoisers), kind, read_levels(levels), seeds)
        store = open_existing(compose(overrides).config.tracking)
        with noise_progress() as observer:
            result = noise_curve(settings, store, observer)
    show_noise(result)
