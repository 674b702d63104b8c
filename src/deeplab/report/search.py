"""What a page says of how a sweep was ended."""

from collections.abc import Iterator

from deeplab.report.page import Part, Text
from deeplab.tracking.run import Run
from deeplab.tracking.tags import BUDGET_TAG


def search_parts(run: Run) -> Iterator[Part]:
    """Say which budget ended it and what is missing; nothing where none did."""
    if ended := run.tags.get(BUDGET_TAG):
        yield Text(ended)
