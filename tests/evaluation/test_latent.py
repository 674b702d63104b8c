import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.evaluation.latent import add_code_noise, bilinear, linear, spherical

codes = st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=3).map(lambda values: np.array(values, np.float32))


@pytest.mark.parametrize("way", [linear, spherical])
@given(start=codes, end=codes)
def test_both_ways_begin_at_the_start_and_end_at_the_end(way, start, end) -> None:
    found = way(start, end, np.array([0.0, 0.5, 1.0]))
    assert np.allclose(found[0], start, atol=1e-5)
    assert np.allclose(found[2], end, atol=1e-5)
    assert np.isfinite(found).all()


def test_spherical_keeps_the_length_and_turns_evenly() -> None:
    found = spherical(np.array([2, 0], np.float32), np.array([0, 2], np.float32), np.linspace(0, 1, 4))
    assert np.linalg.norm(found, axis=1) == pytest.approx([2] * 4)
    assert np.degrees(np.arctan2(found[:, 1], found[:, 0])) == pytest.approx([0, 30, 60, 90], abs=1e-4)
    halfway = linear(np.array([2, 0], np.float32), np.array([0, 2], np.float32), np.array([0.5]))
    assert halfway.tolist() == [[1, 1]]


def test_a_plane_has_its_corners() -> None:
    corners = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)
    square = bilinear(corners, 5)
    assert square.shape == (5, 5, 2, 3)
    for corner, (row, column) in zip(corners, [(0, 0), (0, 4), (4, 0), (4, 4)], strict=True):
        assert np.allclose(square[row, column], corner, atol=1e-6)
    assert np.allclose(square[2, 2], corners.mean(axis=0), atol=1e-6)


def test_noise_has_the_spread_of_the_codes() -> None:
    found = add_code_noise(
        np.zeros((4000, 2), np.float32), np.array([1, 10], np.float32), 0.5, np.random.default_rng(0)
    )
    assert found.std(axis=0) == pytest.approx([0.5, 5], rel=0.05)
