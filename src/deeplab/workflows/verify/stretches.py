"""Parts of a training, from one stored state to the next, trained again."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deeplab.config.compose import ComposedConfig
from deeplab.errors import RunError
from deeplab.tracking.tags import INITIAL_WEIGHTS_TAG
from deeplab.training.cache import TrainingCache
from deeplab.training.checkpoint import Checkpoint, CheckpointSink
from deeplab.training.setup import TrainingSetup
from deeplab.workflows.cache_key import cache_key
from deeplab.workflows.initial_weights import load_initial_weights
from deeplab.workflows.prepare import engine_of_run
from deeplab.workflows.trained_run import TrainedRun
from deeplab.workflows.verify.finding import Finding, states_found


@dataclass(frozen=True)
class Stretch:
    """Some epochs of a run, between two of its states."""

    run_id: str
    begin: int  # epochs that are done before it; 0 is the beginning
    end: int  # epochs that are done behind it

    @property
    def epochs(self) -> int:
        """How many it has."""
        return self.end - self.begin

    @property
    def words(self) -> str:
        """As in `epochs 3 to 5`."""
        return f"epoch {self.end}" if self.epochs == 1 else f"epochs {self.begin + 1} to {self.end}"


class _ReachedError(Exception):
    """The end of a stretch."""

    def __init__(self, state: Checkpoint) -> None:
        super().__init__()
        self.state = state


def stretches_of(run_id: str, states: Sequence[Checkpoint]) -> list[Stretch]:
    """All stretches of a run; none where no state was kept."""
    ends = [state.epoch for state in states]
    return [Stretch(run_id, begin, end) for begin, end in zip([0, *ends], ends, strict=False) if end > begin]


def draw(stretches: Sequence[Stretch], share: float, seed: int) -> list[Stretch]:
    """Choose stretches at random until they have a share of all epochs; at least one, where there is any.

    Examples:
        >>> few = [Stretch("a", 0, 1), Stretch("a", 1, 2), Stretch("b", 0, 1), Stretch("b", 1, 2)]
        >>> len(draw(few, 0.5, seed=0)), len(draw(few, 0.01, seed=0)), len(draw(few, 1.0, seed=0))
        (2, 1, 4)
    """
    order = list(stretches)
    random.Random(seed).shuffle(order)
    wanted = max(1, math.ceil(share * sum(each.epochs for each in order) - 1e-9))
    chosen: list[Stretch] = []
    while order and sum(each.epochs for each in chosen) < wanted:
        chosen.append(order.pop())
    return sorted(chosen, key=lambda each: (each.run_id, each.begin))


def train_again(
    trained: TrainedRun,
    composed: ComposedConfig,
    setup: TrainingSetup,
    stretch: Stretch,
    states: Sequence[Checkpoint],
    cache: TrainingCache,
) -> list[Finding]:
    """Train a stretch again and hold what comes of it against the state that was kept.

    Args:
        trained: the run.
        composed: its configuration.
        setup: from that; its network and optimiser are used up.
        stretch: which one.
        states: that the run has kept.
        cache: what trainings of this process share.
    """
    from deeplab.training.fit import fit

    by_epoch = {state.epoch: state for state in states}
    what = f"{stretch.words}, trained again"
    begun_with = trained.run.tags.get(INITIAL_WEIGHTS_TAG)
    if begun_with is not None and not stretch.begin:
        load_initial_weights(setup.network, trained.store, begun_with)
    setup = replace(setup, engine=engine_of_run(trained.run, setup))

    def stop(state: Checkpoint) -> None:
        if state.epoch == stretch.end:
            raise _ReachedError(state)

    try:
        fit(
            replace(setup, cache_key=cache_key(composed.values, setup)),
            composed.config.training,
            composed.config.seed,
            resume_from=by_epoch.get(stretch.begin),
            sink=CheckpointSink(lambda _: None, stop),
            cache=cache,
        )
    except _ReachedError as reached:
        return states_found(what, by_epoch[stretch.end], reached.state, stretch.begin)
    except (RunError, ValueError) as error:  # a loss that is no number; a state of another network
        return [Finding(what, "different", f"it cannot be trained from there: {str(error).splitlines()[0]}")]
    return [Finding(what, "different", "the training ends before")]
