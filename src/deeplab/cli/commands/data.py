"""`deeplab data`: what a data set is before anything is trained."""

from pathlib import Path
from typing import Annotated

import typer

from deeplab.cli.arguments import AsJson, ConfigDir, reading_files, running_code, words
from deeplab.cli.interrupt import interruptible
from deeplab.cli.terminal.page import print_page
from deeplab.cli.terminal.text import print_line, to_json
from deeplab.config.compose import compose
from deeplab.config.schema import CsvConfig, ExperimentConfig
from deeplab.errors import UserError
from deeplab.files import check_file, write_file
from deeplab.report.data_page import as_values, data_page
from deeplab.tracking.location import locate_store
from deeplab.workflows.describe_data import describe_data
from deeplab.workflows.draw_data import draw_data

Names = Annotated[
    list[str] | None,
    words("[DATASET]... [OVERRIDES]...", "Names of data sets, and overrides as of a training: csv dataset.path=FILE."),
]


@reading_files
@running_code
def data(
    names: Names = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Also draw it, a PNG: some images of each class, or histograms."),
    ] = None,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Describe data sets: rows, classes, values, duplicates, and the split that a training would make.

    deeplab data mnist --out mnist.png
    """
    datasets = [word for word in names or [] if "=" not in word]
    overrides = [word for word in names or [] if "=" in word]
    if out is not None:
        check_file(out, ".png", "--out")
        if len(datasets) > 1:
            raise UserError(f"--out is one file, and {len(datasets)} data sets are named; name one.")
    chosen = [[f"dataset={name}"] for name in datasets] or [[]]
    configs = [_composed([*choice, *overrides], config_dir) for choice in chosen]
    values = []
    with interruptible("Interrupted; nothing was written."):
        for number, config in enumerate(configs):
            described = describe_data(config, locate_store(config.tracking.uri).work_folder)
            if out is not None:
                write_file(out, draw_data(described))
            if as_json:
                values.append({**as_values(described), "picture": out and str(out)})
                continue
            print("\n" * (number > 0), end="")
            print_page(data_page(described))
            if out is not None:
                print_line(f"picture {out}")
    if as_json:
        print(to_json(values))


def _composed(words: list[str], config_dir: Path | None) -> ExperimentConfig:
    config = compose(words, config_dir).config
    if isinstance(config.dataset, CsvConfig) and not any(word.startswith(("model", "experiment")) for word in words):
        # No network is meant, so that the table says by itself what its target is.
        return compose(["model.task=auto", *words], config_dir).config
    return config
