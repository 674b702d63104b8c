"""From `dataset=...` to examples: the table of sources, and the limit that applies to all of them."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from deeplab.code.file import declared, hint, plugins
from deeplab.config.schema import CsvConfig, DatasetConfig, PluginDatasetConfig
from deeplab.data.own import from_function
from deeplab.data.splits import Split, Splits
from deeplab.data.stratify import first_of_each, has_classes
from deeplab.data.tables.load import load_as_learned
from deeplab.data.tables.spec import TableSpec
from deeplab.errors import UserError, unknown_name

DATASETS = {
    "digits": "deeplab.data.digits:load",
    "mnist": "deeplab.data.benchmarks:load",
    "fashion_mnist": "deeplab.data.benchmarks:load",
    "cifar10": "deeplab.data.benchmarks:load",
    "cifar100": "deeplab.data.benchmarks:load",
    "spiral": "deeplab.data.plane.load:load",
    "circle": "deeplab.data.plane.load:load",
    "xor": "deeplab.data.plane.load:load",
    "gaussians": "deeplab.data.plane.load:load",
    "plane": "deeplab.data.plane.load:load",
    "bumps": "deeplab.data.plane.load:load",
    "iris": "deeplab.data.tables.built_in:load",
    "wine": "deeplab.data.tables.built_in:load",
    "breast_cancer": "deeplab.data.tables.built_in:load",
    "diabetes": "deeplab.data.tables.built_in:load",
    "csv": "deeplab.data.tables.load:load",
    "npz": "deeplab.data.npz:load",
    "image_folder": "deeplab.data.images.image_folder:load",
}
ENTRY_POINT_GROUP = "deeplab.datasets"


class Source(Protocol):
    """What each entry of the table, and each entry point of a package, is."""

    def __call__(self, config: Any, cache_dir: Path) -> Splits:
        """Read the data set that the configuration describes."""


def load(config: DatasetConfig, cache_dir: Path, learned: TableSpec | None = None) -> Splits:
    """Read a data set.

    Args:
        config: the group `dataset` of a configuration.
        cache_dir: a folder of ours in which a source may keep what it decoded; made when needed.
        learned: what a network knows of a table that it was trained on; a table is read as that one was.

    Returns:
        Training, test and given validation examples, at most `config.limit` of each: of each class its share, those
        that come first, where the configuration says `stratify`, otherwise the first examples. The fingerprint in
        `info` is that of the whole source.

    Raises:
        UserError: there is no such source, or the data cannot be used.
    """
    if learned is not None and isinstance(config, CsvConfig):
        splits = load_as_learned(config, learned)
    else:
        splits = _source(config.kind)(config, cache_dir)
    if not isinstance(splits, Splits):
        raise UserError(f"dataset.kind={config.kind}: its package returned {type(splits).__name__}, not Splits.")
    if config.limit is None:
        return splits
    stratify = not isinstance(config, PluginDatasetConfig) and config.stratify
    return replace(
        splits,
        train=_limited(splits.train, config.limit, stratify),
        test=_limited(splits.test, config.limit, stratify),
        validation=splits.validation and _limited(splits.validation, config.limit, stratify),
    )


def _limited(split: Split, limit: int, stratify: bool) -> Split:
    if limit >= len(split) or not (stratify and has_classes(split.y)):
        return split.subset(slice(limit))
    labels = split.labels
    classes = len(np.unique(labels))
    if limit < classes:
        raise UserError(
            f"dataset.limit={limit} is fewer than the {classes} classes, of which one row each is the least. "
            "Raise it; dataset.stratify=false takes the first rows, whatever their class."
        )
    return split.subset(first_of_each(labels, np.arange(len(labels)), limit))


def _source(kind: str) -> Source:
    if kind in DATASETS:
        module, _, function = DATASETS[kind].partition(":")
        return cast(Source, getattr(import_module(module), function))
    if kind in (own := declared("dataset")):
        return from_function(own[kind].value, own[kind].settings["task"])
    added = plugins(ENTRY_POINT_GROUP, "dataset")
    if kind not in added:
        raise UserError(f"{unknown_name('dataset', kind, [*DATASETS, *added], 'dataset.kind')} {hint('dataset')}")
    try:
        return cast(Source, added[kind].load())
    except (ImportError, AttributeError) as error:
        raise UserError(f"dataset.kind={kind}: {added[kind].value} cannot be imported: {error}.") from error
