"""Which rows a network is validated on while it trains."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from deeplab.config.errors import UserError
from deeplab.config.schema import NoValidationConfig, TailConfig, TestConfig, ValidationConfig
from deeplab.data.splits import Split

DRAW = 0x76616C  # keeps this draw apart from the others that start from the same seed


def hold_out(train: Split, test: Split, config: ValidationConfig, seed: int) -> tuple[Split, Split | None]:
    """Divide the training rows into those to learn from and those to validate on.

    Args:
        train: all training rows.
        test: the test rows; they validate when the configuration says `test`.
        config: `tail` and `random` learn from floor(n * (1 - fraction)) rows, as Keras' validation_split.
        seed: draws the rows of `random`; both parts keep the order they had.

    Returns:
        Training rows and validation rows; none of the latter when nothing is held out.

    Raises:
        UserError: a part would be empty, or `tail` would cut off whole classes.
    """
    if isinstance(config, NoValidationConfig):
        return train, None
    if isinstance(config, TestConfig):
        return train, test
    count = math.floor(len(train) * (1 - config.fraction))
    if not 0 < count < len(train):
        empty = "training" if count == 0 else "validation"
        raise UserError(
            f"validation.fraction={config.fraction:g} of {len(train)} training rows leaves none for {empty}."
        )
    if isinstance(config, TailConfig):
        if train.y.dtype.kind == "i":  # values have no classes that a part could lack
            _check_tail(train.labels, count)
        return train.subset(slice(count)), train.subset(slice(count, None))
    rng = np.random.default_rng(np.random.SeedSequence([seed, DRAW]))
    order = rng.permutation(len(train))
    return train.subset(np.sort(order[:count])), train.subset(np.sort(order[count:]))


def _check_tail(labels: NDArray[np.int32], count: int) -> None:
    kept, held_out = set(labels[:count].tolist()), set(labels[count:].tolist())
    steps = np.diff(labels)
    is_sorted = bool((steps >= 0).all() or (steps <= 0).all())
    unseen, unvalidated = held_out - kept, kept - held_out
    if not unseen and not (is_sorted and unvalidated):
        return
    cause = "the training rows are sorted by class" if is_sorted else "the last rows hold classes of their own"
    lacks = []
    if unseen:
        lacks.append(f"training would lack {_classes(unseen)}")
    if unvalidated:
        lacks.append(f"validation would lack {_classes(unvalidated)}")
    raise UserError(f"validation=tail: {cause}; {' and '.join(lacks)}. Use validation=random.")


def _classes(labels: Iterable[int]) -> str:
    listed = sorted(labels)
    shown = ", ".join(map(str, listed[:10])) + (", …" if len(listed) > 10 else "")
    return f"class {shown}" if len(listed) == 1 else f"classes {shown}"
