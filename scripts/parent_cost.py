#!/usr/bin/env python3
"""How long the process of a sweep is busy for each trial that finishes.

The trials are not trained: a launcher of this script writes each as a finished run with its params and metrics. What
that takes is counted apart; the rest, tables and figures at the end included, is what a trial costs the sweep.

scripts/parent_cost.py [--points 100] [--replicates 3]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence

from deeplab.config.compose import compose
from deeplab.sweep import run as sweep_run
from deeplab.sweep.check import checked_plan
from deeplab.sweep.launch.launcher import Launcher
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import plan_sweep
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.recording import ParentRun

EPOCHS = 10


class Pretended:
    """A launcher whose trials are finished at once."""

    capacity = 2

    def __init__(self, store: Store) -> None:
        """Write into this store."""
        self._store = store
        self._done: list[TrialEvent] = []
        self.seconds = 0.0

    def submit(self, job: TrialJob) -> None:
        """Write the run of a trial."""
        began = time.perf_counter()
        member = ParentRun(name=job.name, tags=job.tags, parent_id=job.parent_id)
        tags = {**member.tags, "deeplab.kind": "trial", "mlflow.parentRunId": member.parent_id}
        scores = {"val/loss": 0.1, "val/accuracy": 0.9 + job.number / 10_000, "train/loss": 0.1, "train/accuracy": 0.9}
        with RunLog.begin(self._store, job.name, job.values, tags, None) as log:
            for epoch in range(EPOCHS):
                log.metrics(epoch + 1, scores)
            once = {"validation/loss": 0.1, "validation/accuracy": scores["val/accuracy"], "test/accuracy": 0.9}
            log.metrics(EPOCHS, {**once, "test/loss": 0.1, "time/training_seconds": 1.0})
            log.end("FINISHED")
        self._done.append(TrialEvent(job.number, "finished", metrics=once))
        self.seconds += time.perf_counter() - began

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        """What was finished since."""
        done, self._done = self._done, []
        return done

    def interrupt(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing runs."""


def main() -> None:
    """Carry out such a sweep and print what a trial costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--replicates", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        grid = ["model=mlp_64_64", f"l2=logspace(1e-6,1e-2,{options.points})", f"replicates={options.replicates}"]
        plan = checked_plan(plan_sweep(grid, None))
        pretended: list[Pretended] = []

        def choose(_plan: object, _folder: object) -> Launcher:
            pretended.append(Pretended(open_store(compose([]).config.tracking)))
            return pretended[0]

        sweep_run.choose_launcher = choose
        result = sweep_run.run_sweep(plan, SweepObserver())
        assert result.summary.finished == plan.count
        cost = (result.seconds - pretended[0].seconds) / plan.count
        print(f"{plan.count} trials: {1000 * cost:.0f} ms each, writing the runs themselves not counted")


if __name__ == "__main__":
    main()
