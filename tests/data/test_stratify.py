"""Rows taken of each class alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplab.data.stratify import first_of_each


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    share=st.floats(0, 1),
    keep=st.integers(0, 1),
    seed=st.integers(0, 9),
)
def test_the_count_is_exact_and_each_class_has_its_share(sizes: list[int], share: float, keep: int, seed: int) -> None:
    sizes = [size + keep for size in sizes]
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int32)
    most = sum(sizes) - keep * len(sizes)
    count = len(sizes) + round(share * (most - len(sizes)))
    taken = first_of_each(labels, np.arange(len(labels)), count, keep)
    assert len(set(taken.tolist())) == count
    assert (np.diff(taken) > 0).all()
    for label, size in enumerate(sizes):
        mine = np.flatnonzero(labels == label)
        number = int(np.isin(mine, taken).sum())
        assert np.isin(mine[:number], taken).all()  # the first ones
        assert 1 <= number <= size - keep
    # nobody gives up a row of more than his share to one that has fewer
    wanted = np.array(sizes) * count / sum(sizes)
    shares = np.bincount(labels[taken], minlength=len(sizes))
    if ((wanted >= 1) & (wanted <= np.array(sizes) - keep)).all():
        assert np.abs(shares - wanted).max() < 1


@pytest.mark.parametrize(("count", "keep"), [(1, 0), (7, 0), (5, 1)])
def test_what_cannot_be_shared_is_an_error(count: int, keep: int) -> None:
    with pytest.raises(ValueError, match="cannot be shared by 2 classes"):
        first_of_each(np.array([0, 0, 0, 1, 1, 1], np.int32), np.arange(6), count, keep)
