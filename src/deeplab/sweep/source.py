"""Where the trials of a sweep come from: a grid that was planned, or a search that draws them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from deeplab.sweep.decision.plan import DecisionPlan
from deeplab.sweep.messages import TrialEvent
from deeplab.sweep.plan import Plan, Trial
from deeplab.sweep.search.plan import SearchPlan
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store

AnyPlan = Plan | SearchPlan | DecisionPlan


@dataclass(frozen=True)
class PlannedTrial:
    """A trial that is to be submitted."""

    number: int
    name: str
    trial: Trial
    settings: Mapping[str, str]
    overrides: tuple[str, ...]
    previous: str | None = None  # an unfinished run to go on with, or None
    asks: bool = False  # whether it asks after each epoch if it is to go on
    until: int | None = None  # the epoch after which it is paused, or None


class TrialSource(Protocol):
    """What a sweep trains, one trial after the other, and what came of it."""

    noun: str  # what it is called, `sweep` or `search`
    folder: str  # in which such sweeps keep their locks and logs, below the store's working folder

    @property
    def plan(self) -> AnyPlan:
        """What is asked for."""

    @property
    def finished(self) -> int:
        """Trials that are done and kept."""

    @property
    def failed(self) -> Mapping[str, str]:
        """Why trials failed, by name."""

    @property
    def failure(self) -> str:
        """How many trials failed, in words."""

    @property
    def standing(self) -> str:
        """How far it is, as in `3 of 4 trials are finished and kept`."""

    @property
    def ended(self) -> str:
        """Which budget ended it, and what is missing, in a line; nothing where none did."""

    def opened(self, store: Store, before: Run | None) -> AbstractContextManager[object]:
        """Held while the sweep is carried out; a UserError where the run of an earlier start cannot be gone on with."""

    def begin(self, store: Store) -> RunLog:
        """Create the parent run."""

    def survey(self, log: RunLog, runs: Mapping[str, Run]) -> None:
        """Take down what is in the store already: runs by the identity of their trial, of which none is alive."""

    def next_trial(self) -> PlannedTrial | None:
        """What is to be submitted next; None where there is nothing, or nothing before a running trial has ended."""

    def should_continue(self, event: TrialEvent) -> bool:
        """Whether a trial that asks is to go on after this epoch."""

    def take(self, event: TrialEvent) -> TrialEvent:
        """Take down how a trial ended: `finished`, `pruned` or `failed`; returns what the observer is told."""

    def take_late(self, event: TrialEvent) -> None:
        """Take down that a trial finished while the sweep was being ended."""

    def sum_up(self, log: RunLog, store: Store, runs: Mapping[str, Run]) -> Any:
        """Write tables and figures into the parent run, and return what they show."""
