"""Losses as numbers."""

import numpy as np
import pytest

from deeplab.config.compose import compose
from deeplab.training.losses import build_loss


def test_half_squared_error_is_the_mean_of_half_the_squares() -> None:
    loss = build_loss(compose(["model=playground", "dataset=spiral"]).config.training)
    targets, outputs = np.array([[1.0], [-1.0]], np.float32), np.array([[0.5], [0.0]], np.float32)
    assert float(loss(targets, outputs)) == pytest.approx((0.5**2 + 1) / 2 / 2)
    assert float(loss(targets, targets)) == 0
