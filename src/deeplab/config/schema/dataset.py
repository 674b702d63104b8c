"""Which rows: the group `dataset`."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag
from pydantic.dataclasses import dataclass

from deeplab.config.schema.fields import STRICT, Fraction, PositiveFloat, PositiveInt, Text
from deeplab.config.schema.plane import PLANE_KINDS, PlaneConfig
from deeplab.config.schema.table import TABLE_KINDS, BuiltInTableConfig, CsvConfig

NAMED_DATASETS = ("mnist", "fashion_mnist", "cifar10")
DATASET_KINDS = ("digits", *NAMED_DATASETS, "cifar100", *PLANE_KINDS, *TABLE_KINDS, "csv", "npz", "image_folder")

LabelKind = Literal["auto", "classes", "values"]
FolderLabelKind = LabelKind | Literal["folders"]
Background = Literal["white", "black", "grey"]


@dataclass(frozen=True, config=STRICT)
class DigitsConfig:
    """scikit-learn's 1,797 handwritten digits, resized from 8x8."""

    kind: Literal["digits"]
    image_size: Annotated[int, Field(ge=8, le=512)]
    limit: PositiveInt | None
    stratify: bool
    standardize: bool


@dataclass(frozen=True, config=STRICT)
class NamedDatasetConfig:
    """A data set everybody knows, found in a folder or downloaded."""

    kind: Literal["mnist", "fashion_mnist", "cifar10"]
    data_dir: Text | None
    limit: PositiveInt | None
    stratify: bool
    standardize: bool


@dataclass(frozen=True, config=STRICT)
class Cifar100Config:
    """CIFAR-100, found in a folder or downloaded: 100 classes, or the 20 superclasses that they belong to."""

    kind: Literal["cifar100"]
    data_dir: Text | None
    labels: Literal["fine", "coarse"]
    limit: PositiveInt | None
    stratify: bool
    standardize: bool


@dataclass(frozen=True, config=STRICT)
class NpzConfig:
    """A user's own `.npz` with x_train, y_train, x_test and y_test; x_val and y_val for `validation=given`.

    Without x_test and y_test a share of the training rows, `test_fraction`, is for testing.
    """

    kind: Literal["npz"]
    path: Text
    labels: LabelKind
    class_names: tuple[str, ...] | None
    target_names: tuple[Text, ...] | None
    test_fraction: Fraction | None
    scale: PositiveFloat | Literal["auto"] | None
    limit: PositiveInt | None
    stratify: bool
    standardize: bool


@dataclass(frozen=True, config=STRICT)
class ImageFolderConfig:
    """Class folders of images, or images with a `labels.csv`, with or without a test split."""

    kind: Literal["image_folder"]
    path: Text
    labels: FolderLabelKind
    image_size: Annotated[int, Field(ge=1, le=4096)]
    color: Literal["auto", "grey", "rgb"]
    background: Background
    test_fraction: Fraction
    limit: PositiveInt | None
    stratify: bool
    standardize: bool


@dataclass(frozen=True, config=STRICT)
class PluginDatasetConfig:
    """A data set that an installed package offers under the entry point group `deeplab.datasets`."""

    kind: Text
    options: dict[str, Any]
    limit: PositiveInt | None


def _dataset_tag(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind in NAMED_DATASETS:
        return "named"
    if kind in PLANE_KINDS:
        return "plane"
    if kind in TABLE_KINDS:
        return "table"
    return str(kind) if kind in DATASET_KINDS else "plugin"


DatasetConfig = Annotated[
    Annotated[DigitsConfig, Tag("digits")]
    | Annotated[NamedDatasetConfig, Tag("named")]
    | Annotated[Cifar100Config, Tag("cifar100")]
    | Annotated[PlaneConfig, Tag("plane")]
    | Annotated[BuiltInTableConfig, Tag("table")]
    | Annotated[CsvConfig, Tag("csv")]
    | Annotated[NpzConfig, Tag("npz")]
    | Annotated[ImageFolderConfig, Tag("image_folder")]
    | Annotated[PluginDatasetConfig, Tag("plugin")],
    Discriminator(_dataset_tag),
]
