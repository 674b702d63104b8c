"""Which examples a network is validated on while it trains."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from deeplab.config.schema import (
    GivenConfig,
    KFoldConfig,
    NoValidationConfig,
    RandomConfig,
    TailConfig,
    TestConfig,
    ValidationConfig,
)
from deeplab.data.folds import in_fold
from deeplab.data.groups import drawn_groups, last_groups
from deeplab.data.splits import Split, Splits
from deeplab.data.stratify import first_of_each, has_classes
from deeplab.errors import UserError

DRAW = 0x76616C  # keeps this draw apart from the others that start from the same seed


def hold_out(splits: Splits, config: ValidationConfig, seed: int) -> tuple[Split, Split | None]:
    """Divide the training examples into those to learn from and those to validate on.

    Args:
        splits: the data set; its test examples validate when the configuration says `test`, and the validation
            examples that it brings along when it says `given`.
        config: `tail` and `random` learn from floor(n * (1 - fraction)) examples, as Keras' validation_split.
        seed: draws the examples of `random` and the folds of `kfold`; both parts keep the order they had. Examples of
            one group are held out together, or not at all; where groups are times the latest are.

    Returns:
        Training examples and validation examples; none of the latter when nothing is held out.

    Raises:
        UserError: a part would be empty, `tail` would cut off whole classes, `random` cannot give both parts an
            example of each class, `kfold` cannot make so many folds, or the data set brings no validation examples
            along.
    """
    train = splits.train
    if isinstance(config, NoValidationConfig):
        return train, None
    if isinstance(config, TestConfig):
        return train, splits.test
    if isinstance(config, GivenConfig):
        if splits.validation is None:
            raise UserError(
                f"validation=given: {splits.info.name} brings no validation rows along, as an .npz with x_val and "
                "y_val does. Use validation=random or validation=tail."
            )
        return train, splits.validation
    if isinstance(config, KFoldConfig):
        held_out = in_fold(splits, config, seed)
        return train.subset(np.flatnonzero(~held_out)), train.subset(np.flatnonzero(held_out))
    count = math.floor(len(train) * (1 - config.fraction))
    if not 0 < count < len(train):
        empty = "training" if count == 0 else "validation"
        raise UserError(
            f"validation.fraction={config.fraction:g} of {len(train)} training rows leaves none for {empty}."
        )
    if splits.groups is not None:
        groups = splits.groups[train.rows]
        if groups.min() == groups.max():
            raise UserError(f"validation={config.kind}: all training rows are of one group or time.")
        if splits.in_time_order or isinstance(config, TailConfig):
            held_out = last_groups(groups, len(train) - count)
        else:
            labels = train.labels if config.stratify and has_classes(train.y) else None
            held_out = drawn_groups(groups, labels, len(train) - count, _generator(seed))
        return train.subset(np.flatnonzero(~held_out)), train.subset(np.flatnonzero(held_out))
    if isinstance(config, TailConfig):
        if has_classes(train.y):  # values have no classes that a part could lack
            _check_tail(train.labels, count)
        return train.subset(slice(count)), train.subset(slice(count, None))
    held_out = _drawn(train, config, count, _generator(seed))
    return train.subset(np.flatnonzero(~held_out)), train.subset(np.flatnonzero(held_out))


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, DRAW]))


def unlearned_classes(train: Split, num_classes: int) -> list[int]:
    """The classes of a data set of which there is no example to learn from."""
    return sorted(set(range(num_classes)) - set(np.unique(train.labels).tolist())) if has_classes(train.y) else []


def named(classes: Iterable[int]) -> str:
    """Some classes, as in `class 3` or `classes 3, 4, 5`; at most ten of them.

    Examples:
        >>> named([0, 3, 4])
        'classes 0, 3, 4'
    """
    listed = sorted(classes)
    shown = ", ".join(map(str, listed[:10])) + (", …" if len(listed) > 10 else "")
    return f"class {shown}" if len(listed) == 1 else f"classes {shown}"


def _drawn(train: Split, config: RandomConfig, count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which examples are held out so that `count` are left."""
    order = rng.permutation(len(train))
    held_out = np.ones(len(train), np.bool_)
    if not (config.stratify and has_classes(train.y)):
        held_out[order[:count]] = False
        return held_out
    labels = train.labels
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() == 1:
        alone = named(classes[sizes == 1].tolist())
        raise UserError(
            f"validation=random: {alone} {'has' if (sizes == 1).sum() == 1 else 'have'} one training row each, which "
            "cannot be learned from and validated on. Add rows, or validation.stratify=false draws whatever the class."
        )
    smaller = min(count, len(train) - count)
    if smaller < len(classes):
        part = "training" if smaller == count else "validation"
        raise UserError(
            f"validation=random: validation.fraction={config.fraction:g} of {len(train)} training rows leaves "
            f"{smaller} for {part}, fewer than the {len(classes)} classes. Change it, or validation.stratify=false "
            "draws whatever the class."
        )
    held_out[:] = False
    held_out[first_of_each(labels, order, len(train) - count, keep=1)] = True
    return held_out


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
        lacks.append(f"training would lack {named(unseen)}")
    if unvalidated:
        lacks.append(f"validation would lack {named(unvalidated)}")
    raise UserError(f"validation=tail: {cause}; {' and '.join(lacks)}. Use validation=random.")
