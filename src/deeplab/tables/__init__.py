"""Files with a row for each example and a column for each feature: read, and what kind each column is of."""

from deeplab.tables.task import target_task

__all__ = ["target_task"]
