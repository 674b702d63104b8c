"""Points drawn at random: each a function of the seed and the number of the draw."""

from dataclasses import dataclass, field

import optuna
from optuna.samplers import RandomSampler

from deeplab.errors import UserError
from deeplab.sweep.plan import Trial
from deeplab.sweep.replicates import replicate_seed
from deeplab.sweep.search.optuna_study import suggest
from deeplab.sweep.search.plan import SearchPlan

# So many draws in a row that were all drawn before: nothing new is to be expected.
MOST_REPEATED = 200


@dataclass(frozen=True)
class Drawn:
    """A point, and its replicates or why it has none."""

    settings: dict[str, str]
    trials: list[Trial] = field(default_factory=list)
    why: str = ""


class Draws:
    """The points of a search, one after the other, the same whenever they are drawn."""

    def __init__(self, plan: SearchPlan) -> None:
        """Begin with the first."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._plan, self._study = plan, optuna.create_study()
        self._draws = self._points = 0
        self._seen: set[str] = set()

    def next(self) -> Drawn | None:
        """The next point that is no training drawn before; None where there seems to be none."""
        for _ in range(MOST_REPEATED):
            self._study.sampler = RandomSampler(seed=replicate_seed(self._plan.sweep.run.config.seed, self._draws))
            self._draws += 1
            settings = suggest(self._study.ask(), self._plan.grid.axes)
            if str(settings) in self._seen:  # to compose it takes a hundred times as long as to draw it
                continue
            self._seen.add(str(settings))
            try:
                trials = self._plan.trials(self._points, settings)
            except UserError as error:
                trials, why = [], str(error)
            else:
                why = ""
            if trials and trials[0].identity in self._seen:
                continue
            self._seen.update(trial.identity for trial in trials[:1])
            self._points += 1
            return Drawn(settings, trials, why)
        return None
