"""`deeplab export`: a trained network for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, RunName, StoreOverrides, check_store_overrides, reading_files, running_code
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.text import print_line
from deeplab.config.compose import compose
from deeplab.errors import UserError, unknown_name
from deeplab.tracking.store import open_to_read
from deeplab.workflows.export.export import EXAMPLES, TOLERANCE
from deeplab.workflows.export.export import export as export_run
from deeplab.workflows.export.formats import FORMATS
from deeplab.workflows.export.script.export_script import SCRIPTS, ScriptResult, export_script
from deeplab.workflows.export.script.verify import TOLERANCE as SAME

KINDS = (*FORMATS, *SCRIPTS)


def complete_format(incomplete: str) -> list[str]:
    """Complete the formats that a network can be exported to."""
    return [name for name in KINDS if name.startswith(incomplete)]


@reading_files
@running_code
def export(
    run: RunName,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="keras, saved_model, onnx or tflite: the network; python or notebook: its training, in plain Keras.",
            autocompletion=complete_format,
        ),
    ] = None,
    overrides: StoreOverrides = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="Where to; the run's name if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Export a trained network or its training, and check that what was written says or does the same.

    deeplab export latest --to onnx --out digits.onnx

    deeplab export latest --to python
    """
    if to is None:
        raise UserError(f"Say what to export to: --to with one of {', '.join(KINDS)}.")
    if to not in KINDS:
        raise unknown_name("format", to, KINDS, "--to")
    config = compose(check_store_overrides(overrides or [], "export"), config_dir).config
    with interruptible("Interrupted; nothing was written."):
        if to in SCRIPTS:
            show_script(export_script(open_to_read(config.tracking), run, to, out, force))
            return
        made = export_run(open_to_read(config.tracking), run, to, out, force)
    print_line(f"{made.path}: {made.size / 1e6:.2f} MB, the network of run {made.trained.name}")
    rows = f"{EXAMPLES} random rows" + (f" and {made.test_examples} test rows" if made.test_examples else "")
    print_line(
        f"loaded again and asked about {rows}: it differs by {made.difference:.1e} at most ({TOLERANCE:g} is allowed)"
    )
    if made.rounding is not None:
        print_line(
            f"it computes in float32; the run's mixed precision differs from that by {made.rounding:.1e} at most"
        )
    if made.missing:
        print_line(f"test rows were not compared: {made.missing}")


def show_script(made: ScriptResult) -> None:
    """Print where a script is, and how far its losses are from those of deeplab."""
    agreement = made.agreement
    print_line(f"{made.path}: {made.lines} lines of plain Keras, the training of run {made.trained.name}")
    far = f"differ by {agreement.difference:.1e} at most ({SAME:g} is allowed)" if agreement.difference else "are equal"
    print_line(f"run for one epoch, held against {agreement.beside}: losses and scores {far}")
    if made.masks_differ:
        print_line(
            "the run drew dropout or noise by training.randomness=splitmix, which plain Keras has not: its masks are "
            f"others, and its first epoch differs by {agreement.from_run or 0:.1e}"
        )
    elif agreement.from_run and agreement.beside != "the run":
        print_line(f"the run's own first epoch, which rounds otherwise, differs by {agreement.from_run:.1e}")
