"""Which sweep a run belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Membership:
    """The sweep that a run belongs to.

    Attributes:
        parent_id: of the sweep's own run.
        name: of this run.
        tags: which point and replicate it is.
    """

    parent_id: str
    name: str
    tags: Mapping[str, str]
