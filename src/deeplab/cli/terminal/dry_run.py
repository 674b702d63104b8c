"""What `deeplab train --dry-run` shows: the composed configuration and the network it describes."""

from typing import Any

import yaml

from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.tables import console
from deeplab.config.compose import ComposedConfig
from deeplab.report.page import Table
from deeplab.tracking.location import locate_store
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.prepare import prepare


def show_dry_run(composed: ComposedConfig) -> None:
    """Prepare a training, print it, and leave it at that."""
    print(yaml.safe_dump(composed.values, sort_keys=False, allow_unicode=True))
    prepared = prepare(composed.config, locate_store(composed.config.tracking.uri).work_folder, outlined=True)
    screen = console()
    for line in (data_line(prepared), *prepared.notes):
        screen.print(line, soft_wrap=True)
    columns: tuple[str, ...] = ("layer", "type", "output shape", "parameters")
    rows: list[tuple[Any, ...]] = [
        ("  " * len(row.path) + row.name, row.type, "x".join(map(str, row.output_shape)), row.parameters)
        for row in prepared.layers
    ]
    trained = [row.parameters if row.trained is None else row.trained for row in prepared.layers]
    of_which = ""
    if any(row.trained is not None for row in prepared.layers):
        columns, of_which = (*columns, "not frozen"), f", {sum(trained):,} of them not frozen"
        rows = [(*row, count) for row, count in zip(rows, trained, strict=True)]
    print_parts((Table(prepared.network.name, columns, tuple(rows)),), most=None)
    screen.print(f"{prepared.parameters:,} parameters{of_which}. Nothing was trained.")


def data_line(prepared: TrainingSetup) -> str:
    """Describe the data set in one line, as in `digits: 1,149 rows to train, 288 to validate, 360 to test`."""
    info, validation = prepared.splits.info, prepared.validation
    held_out = f"{len(validation):,} to validate, " if validation is not None else ""
    shape = "x".join(map(str, info.input_shape))
    added = prepared.train.noise
    noise = f", {added.kind.replace('_', ' ')} {added.level:g}" if added else ""
    return (
        f"{info.name}: {len(prepared.train):,} rows to train, {held_out}{len(prepared.splits.test):,} to test; "
        f"{shape}, {f'{info.num_classes} classes' if info.num_classes else 'values'}{noise}"
    )
