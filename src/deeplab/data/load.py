"""From `dataset=...` to rows: the table of sources, and the limit that applies to all of them."""

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, cast

from deeplab.config.errors import UserError, unknown_name
from deeplab.config.schema import DatasetConfig
from deeplab.data.splits import Splits

DATASETS = {
    "digits": "deeplab.data.digits:load",
    "mnist": "deeplab.data.named:load",
    "fashion_mnist": "deeplab.data.named:load",
    "cifar10": "deeplab.data.named:load",
    "spiral": "deeplab.data.plane.load:load",
    "circle": "deeplab.data.plane.load:load",
    "xor": "deeplab.data.plane.load:load",
    "gaussians": "deeplab.data.plane.load:load",
    "plane": "deeplab.data.plane.load:load",
    "bumps": "deeplab.data.plane.load:load",
    "npz": "deeplab.data.npz:load",
    "image_folder": "deeplab.data.image_folder:load",
}
ENTRY_POINT_GROUP = "deeplab.datasets"


class Source(Protocol):
    """What each entry of the table, and each entry point of a package, is."""

    def __call__(self, config: Any, cache_dir: Path) -> Splits:
        """Read the data set that the configuration describes."""


def load(config: DatasetConfig, cache_dir: Path) -> Splits:
    """Read a data set.

    Args:
        config: the group `dataset` of a configuration.
        cache_dir: a folder of ours in which a source may keep what it decoded; made when needed.

    Returns:
        Training and test rows, at most `config.limit` of each, the first ones. The fingerprint in `info`
        is that of the whole source.

    Raises:
        UserError: there is no such source, or the data cannot be used.
    """
    splits = _source(config.kind)(config, cache_dir)
    if not isinstance(splits, Splits):
        raise UserError(f"dataset.kind={config.kind}: its package returned {type(splits).__name__}, not Splits.")
    if config.limit is None:
        return splits
    first = slice(config.limit)
    return Splits(splits.train.subset(first), splits.test.subset(first), splits.info)


def _source(kind: str) -> Source:
    if kind in DATASETS:
        module, _, function = DATASETS[kind].partition(":")
        return cast(Source, getattr(import_module(module), function))
    plugins = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if kind not in plugins:
        raise unknown_name("dataset", kind, [*DATASETS, *plugins], "dataset.kind")
    try:
        return cast(Source, plugins[kind].load())
    except (ImportError, AttributeError) as error:
        raise UserError(f"dataset.kind={kind}: {plugins[kind].value} cannot be imported: {error}.") from error
