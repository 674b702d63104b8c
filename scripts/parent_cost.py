#!/usr/bin/env python3
"""How long the process of a sweep is busy for each trial that finishes.

The trials are not trained: a launcher of this script writes each as a finished run with its params and metrics. What
that takes is counted apart; the rest, tables and figures at the end included, is what a trial costs the sweep. The last
of them come once a second, as from workers that train, which shows what waiting costs. Processor seconds count: what
they are of a second of trials is the share of one core that the sweep's process takes.

scripts/parent_cost.py [--points 100] [--replicates 3] [--paced 30] [--folder FOLDER] [tracking.uri=...]
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from deeplab.cli.terminal.sweep_progress import sweep_progress
from deeplab.sweep import run as sweep_run
from deeplab.sweep.check import checked_plan
from deeplab.sweep.launch.launcher import Launcher
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.plan import plan_sweep
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store
from deeplab.workflows.recording import ParentRun

EPOCHS = 10


class Pretended:
    """A launcher whose trials are finished at once."""

    capacity = 2

    def __init__(self, store: Store, paced_from: int) -> None:
        """Write into this store; from this number on a trial takes a second."""
        self._store, self._paced_from = store, paced_from
        self._done: list[TrialEvent] = []
        self._last = 0.0
        self.seconds = 0.0  # of the processor, that writing took
        self.paced: list[tuple[float, float, float]] = []  # by the clock, of the processor, that writing took

    def submit(self, job: TrialJob) -> None:
        """Write the run of a trial."""
        began = time.process_time()
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
        self.seconds += time.process_time() - began

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        """What was finished since."""
        if self._done and self._done[0].number >= self._paced_from:
            if not self.paced:
                self.paced.append((time.perf_counter(), time.process_time(), self.seconds))
            left = self._last + 1 - time.perf_counter()
            time.sleep(max(0.0, min(seconds, left)))
            if left > seconds:
                return []
            self._last = time.perf_counter()
            done, self._done = self._done[:1], self._done[1:]
            self.paced[1:] = [(self._last, time.process_time(), self.seconds)]
            return done
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
    parser.add_argument("--paced", type=int, default=30)
    parser.add_argument("--folder", type=Path, help="leave the store here")
    parser.add_argument("overrides", nargs="*", help="of the store")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
        grid = ["model=mlp_64_64", f"l2=logspace(1e-6,1e-2,{options.points})", f"replicates={options.replicates}"]
        began = time.perf_counter()
        plan = checked_plan(plan_sweep([*grid, *options.overrides], None))
        print(f"{plan.count:,} trials planned and checked in {time.perf_counter() - began:.0f} s")
        pretended: list[Pretended] = []

        def choose(_plan: object, _folder: object) -> Launcher:
            pretended.append(Pretended(open_store(plan.sweep.run.config.tracking), plan.count - options.paced))
            return pretended[0]

        sweep_run.choose_launcher = choose
        before = time.process_time()
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), sweep_progress() as observer:
            result = sweep_run.run_sweep(plan, observer)
        assert result.summary.finished == plan.count
        cost = (time.process_time() - before - pretended[0].seconds) / plan.count
        print(f"{1000 * cost:.1f} ms of the processor for each trial, writing the runs themselves not counted")
        if pretended[0].paced:
            first, last = pretended[0].paced
            clock, processor, writing = (after - at for at, after in zip(first, last, strict=True))
            print(f"a trial a second: {100 * (processor - writing) / clock:.1f} % of a core, writing not counted")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
