"""The trials between two configurations, and what they tell."""

from collections.abc import Mapping
from typing import Any, cast

from deeplab.metrics import metric_of
from deeplab.sweep.check import check_points
from deeplab.sweep.grid_source import GridSource
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import apply_checks
from deeplab.sweep.results.summary import TrialScores
from deeplab.sweep.results.write import read_scores
from deeplab.sweep.run import SweepResult, carry_out
from deeplab.sweep.why.plan import WhyPlan
from deeplab.sweep.why.result import Explanation, explain
from deeplab.tracking.run import Run
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store
from deeplab.tracking.tags import WHY_TAG

RESULT_FILE = "why.json"


def run_why(plan: WhyPlan, observer: SweepObserver, fresh: bool = False) -> SweepResult[WhyPlan, Explanation]:
    """Train every combination that is not finished yet; for the rest see `carry_out`."""
    return carry_out(WhySource(plan), observer, fresh)


def checked_why(plan: WhyPlan) -> WhyPlan:
    """Check every combination on shapes alone; UserErrors are all that is wrong."""
    points = [trial.values for trial in plan.trials if trial.replicate == 0]
    return cast(WhyPlan, apply_checks(plan, check_points(points)))


class WhySource(GridSource):
    """A grid whose points are the combinations of differences."""

    def __init__(self, plan: WhyPlan) -> None:
        """Begin with nothing done."""
        super().__init__(plan)
        self.why = plan

    def begin(self, store: Store) -> RunLog:
        """Create the parent run."""
        log = super().begin(store)
        log.set_tag(WHY_TAG, "")
        return log

    def sum_up(self, log: RunLog, store: Store, runs: Mapping[str, Run]) -> Any:
        """Write what every sweep writes, and what each difference brings."""
        super().sum_up(log, store, runs)
        found = explain(self.why, self._scores(runs))
        log.log_text(RESULT_FILE, found.to_json())
        log.set_tag(WHY_TAG, found.sentence)
        if found.whole is not None and self.plan.sweep.run.config.tracking.plots != "none":
            log.log_bytes("plots/why.png", why_figure(found, self.plan.name))
        return found

    def _scores(self, runs: Mapping[str, Run]) -> list[TrialScores]:
        finished = [(trial, runs[trial.identity]) for trial in self.plan.trials if trial.identity in runs]
        return [read_scores(trial, run) for trial, run in finished if run.status == "FINISHED"]


def why_figure(found: Explanation, name: str) -> bytes:
    """The figure of an explanation as PNG."""
    # Here, because they import Matplotlib.
    from deeplab.plots.style import to_png
    from deeplab.plots.sweep import waterfall

    # The gains are in favour of B; the figure shows what happens to the score.
    sign = 1 if metric_of(found.metric).higher_is_better else -1
    steps = []
    for share in found.shares:
        found_at = share.interval
        ends = [] if found_at is None else sorted((sign * found_at.low, sign * found_at.high))
        steps.append(waterfall.Step(share.name, sign * share.gain, ends, share.verdict))
    return to_png(waterfall.draw(found.combinations["A"], steps, found.metric, name=name))
