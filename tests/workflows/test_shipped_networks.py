"""The networks of papers that are shipped: exported in every format, and computed by hand in NumPy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deeplab.config.compose import compose
from deeplab.workflows.export.formats import FORMATS
from deeplab.workflows.train import train

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.mark.parametrize("name", ["lenet5", "all_cnn", "unet_autoencoder", "mlp_mixer_tiny", "resnet8"])
def test_a_shipped_network_is_exported_and_computed_by_hand(name: str, folder: Path, cli: Callable[..., Any]) -> None:
    small = ("dataset.limit=60", "dataset.image_size=28", "training.epochs=1", "tracking.plots=none")
    train(compose([f"model={name}", "dataset=digits", *small]))
    for to in FORMATS:
        if to == "onnx":
            pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")
        status, out, err = cli("export", "latest", "--to", to)
        assert (status, err) == (0, ""), to
        assert "test rows: it differs by " in out
    status, out, err = cli("explain", "latest", "1")
    assert (status, err) == (0, "")
    assert "largest difference" in out or "differ" in out, out
