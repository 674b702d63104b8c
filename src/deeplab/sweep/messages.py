"""What a sweep and its workers say to each other."""

from dataclasses import dataclass, field
from typing import Any, Literal

from deeplab.code.file import CodeReference


@dataclass(frozen=True)
class TrialJob:
    """What a worker needs to train one trial."""

    number: int
    name: str
    values: dict[str, Any]  # the composed configuration
    overrides: tuple[str, ...]
    tags: dict[str, str]  # which point and replicate it is
    parent_id: str
    uri: str  # of the store, the same from wherever the worker is started
    previous: str | None  # an unfinished run of the same trial, or None
    asks: bool = False  # whether to ask after each epoch if it is to go on
    until: int | None = None  # the epoch after which it is paused, to be gone on with if it is chosen; or None
    code: CodeReference | None = None  # the file of --code that its configuration takes names from


@dataclass(frozen=True)
class ContinueReply:
    """Whether a trial that asks is to go on after an epoch."""

    number: int
    epoch: int
    go_on: bool


@dataclass(frozen=True)
class TrialEvent:
    """Something that happened to a trial."""

    number: int
    # `began` and `epoch` while it goes on; `finished`, `pruned` (it was not to go on, for now or for good), `failed`
    # (an error of its own) and `killed` (ended from outside, properly) at its end; `died` when its worker is gone
    kind: Literal["began", "epoch", "finished", "pruned", "failed", "killed", "died"]
    text: str = ""  # the error, or nothing
    epoch: int = 0
    epochs: int = 0
    run_id: str = ""  # of a finished or pruned trial
    # of the last epoch, or those that a finished trial logged once
    metrics: dict[str, float] = field(default_factory=dict)
    skips: int = 0  # further trials of the plan that need not be trained because of it

    @property
    def ends_trial(self) -> bool:
        """Whether nothing more will come of this attempt."""
        return self.kind not in ("began", "epoch")
