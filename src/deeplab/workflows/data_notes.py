"""What a person should know of the data before a training: rows that are seen twice, classes that are not learnt."""

from collections.abc import Iterator, Mapping

from deeplab.data.hold_out import named, unlearned_classes
from deeplab.data.overlap import row_hashes, seen_rows
from deeplab.data.splits import Split, Splits


def overlaps(splits: Splits, train: Split, validation: Split | None) -> dict[str, int]:
    """Count the rows of a part that are among those to learn from: of `test`, and of `validation` where it is another.

    Rows that are held out choose the weights and count as learned from for the test set.
    """
    learned = set(row_hashes(train))
    if validation is None or validation is splits.test:
        return {"test": seen_rows(splits.test, learned)}
    found = {"validation": seen_rows(validation, learned)}
    if validation is not splits.validation:
        learned |= set(row_hashes(validation))
    return {"test": seen_rows(splits.test, learned), **found}


def data_notes(
    splits: Splits, train: Split, validation: Split | None, overlap: Mapping[str, int], kind: str
) -> Iterator[str]:
    """Say what a person should know of the data that a training would use, each a line.

    Args:
        splits: the data set.
        train: the rows to learn from.
        validation: the rows to validate on, or None.
        overlap: of `overlaps`.
        kind: of the group `validation`.
    """
    if splits.validation is not None and validation is not splits.validation:
        yield (
            f"{splits.info.name} brings {len(splits.validation):,} validation rows along, which validation={kind} "
            "leaves aside; validation=given takes them"
        )
    if splits.in_time_order and kind == "random":
        yield "validation=random holds the latest rows out, since these are divided by time"
    unlearned = unlearned_classes(train, splits.info.num_classes)
    if unlearned:
        yield f"no row to train on is of {named(unlearned)}, of which the network learns nothing"
    sizes = {"test": len(splits.test), "validation": len(validation or ())}
    seen = [f"{count:,} of {sizes[part]:,} {part} rows" for part, count in overlap.items() if count]
    if seen:
        yield f"{' and '.join(seen)} are also training rows: their score says too much of new rows"
