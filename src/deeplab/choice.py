"""The rule by which anything is called the best: not by the test set while there is another way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

TEST = "test"  # the kind of validation whose rows are the test set
ON_TEST = "It was chosen on the test set, so its score is too good by some amount that nobody knows."


@dataclass(frozen=True)
class Candidates(Generic[Item]):
    """Those of which one may be the best."""

    items: tuple[Item, ...]  # that compete, in their order
    left_out: int  # how many do not, since they were validated on the test set and others were not
    on_test: bool  # whether all that compete were validated on the test set, so that a choice looks at it


def candidates(items: Sequence[Item], validated_on_test: Callable[[Item], bool]) -> Candidates[Item]:
    """Those that were not validated on the test set compete; where there are none, all of them.

    Args:
        items: runs, points of a sweep, scores.
        validated_on_test: whether what one is compared by was measured on the test set.
    """
    fair = tuple(item for item in items if not validated_on_test(item))
    chosen = fair or tuple(items)
    return Candidates(chosen, len(items) - len(chosen), bool(items) and not fair)


def left_out(count: int, what: str) -> str:
    """The sentence on those that did not compete.

    Args:
        count: how many.
        what: they are, as in `run`.
    """
    were = f"1 {what} was" if count == 1 else f"{count} {what}s were"
    return f"{were} validated on the test set and left out of the best."
