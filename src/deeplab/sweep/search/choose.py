"""Carry out a search of whatever kind."""

from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.run import SweepResult, carry_out
from deeplab.sweep.search.parent_run import SearchTrial
from deeplab.sweep.search.plan import HALVING, SearchPlan
from deeplab.sweep.search.rung_source import HalvingSource
from deeplab.sweep.search.source import SearchSource


def run_search(
    search: SearchPlan, observer: SweepObserver, fresh: bool = False
) -> SweepResult[SearchPlan, tuple[SearchTrial, ...]]:
    """Draw and train until as many points are done as were asked for; for the rest see `carry_out`."""
    source = HalvingSource if search.kind in HALVING else SearchSource
    return carry_out(source(search, observer), observer, fresh)
