"""Every file under conf/ is composed, and every network in it built."""

from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.config.folders import GROUPS, conf_folders, description, options, own_folder
from deeplab.config.schema import PLANE_KINDS
from deeplab.dataset_info import DatasetInfo

FILES = [(group, name) for group in GROUPS for name in options(group, conf_folders(None))]
NEEDED = {"npz": ["path"], "image_folder": ["path"], "csv": ["path", "target"]}


def test_every_file_is_of_a_known_group() -> None:
    strays = [
        path
        for path in own_folder().rglob("*")
        if path.is_file() and path.parent.name not in GROUPS and path.name != "config.yaml"
    ]
    assert strays == []
    assert len(FILES) > 40


@pytest.mark.parametrize(("group", "name"), FILES)
def test_it_composes_and_describes_itself(group: str, name: str) -> None:
    overrides = [f"{group}={name}", *(f"dataset.{key}=x" for key in NEEDED.get(name, []))]
    config = compose(overrides).config
    assert len(description(options(group, conf_folders(None))[name])) > 15
    if group == "model":
        assert config.model.name == name


@pytest.mark.parametrize("name", options("experiment", conf_folders(None)))
def test_every_experiment_is_a_network_that_fits_its_data(name: str) -> None:
    from deeplab.data.load import load
    from deeplab.models.build import check_network

    config = compose([f"experiment={name}"]).config
    if config.dataset.kind in PLANE_KINDS:  # drawn, so at hand
        assert check_network(config.model, load(config.dataset, Path()).info) < 1000
        return
    shape = {"mnist": (28, 28, 1), "cifar10": (32, 32, 3)}[config.dataset.kind]
    info = DatasetInfo(config.dataset.kind, shape, 10, tuple("0123456789"), "", 1 / 255)
    assert check_network(config.model, info) > 20_000


def test_only_yaml_lies_there() -> None:
    assert {path.suffix for path in Path(own_folder()).rglob("*") if path.is_file()} == {".yaml"}
