"""Trials as jobs of a Slurm cluster, submitted through submitit."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError, UncompletedJobError

from deeplab.config.schema import SlurmLauncherConfig
from deeplab.errors import UserError
from deeplab.machine import cores
from deeplab.sweep.messages import TrialEvent, TrialJob
from deeplab.sweep.trial import last_event
from deeplab.visible import visible_line

MOST_JOBS = 500
POLL_SECONDS = 0.2


class SlurmLauncher:
    """Jobs in Slurm's queue; `cluster: local` runs the same jobs as processes of this machine."""

    def __init__(self, config: SlurmLauncherConfig, folder: Path) -> None:
        """Find the cluster.

        Args:
            config: what a job asks for.
            folder: for the jobs' files; every node must see it.

        Raises:
            UserError: there is no Slurm here, or the folder's name would be more than a word of a script.
        """
        if config.cluster == "slurm" and shutil.which("sbatch") is None:
            raise UserError(
                "launcher=slurm: the command sbatch is not found here. Start the sweep on a node that can submit jobs, "
                "or try it out with launcher.cluster=local."
            )
        # The script that sbatch gets is made of lines, and the folder stands in some of them.
        if visible_line(str(folder)) != str(folder):
            raise UserError(f"launcher=slurm: the folder {visible_line(str(folder))} has a line break in its name.")
        self._executor = submitit.AutoExecutor(folder=folder / "jobs", cluster=config.cluster)
        self._executor.update_parameters(
            name="deeplab",
            timeout_min=config.minutes,
            mem_gb=config.memory_gb,
            cpus_per_task=config.cpus_per_trial,
            gpus_per_node=config.gpus_per_trial,
            **({"slurm_partition": config.partition} if config.partition else {}),
        )
        self.capacity = MOST_JOBS if config.cluster == "slurm" else max(1, cores() // config.cpus_per_trial)
        self._jobs: dict[int, Any] = {}

    def submit(self, job: TrialJob) -> None:
        """Put a trial into the queue."""
        try:
            self._jobs[job.number] = self._executor.submit(last_event, job)
        except FailedSubmissionError as error:
            raise UserError(f"launcher=slurm: the job was refused ({error}).") from error

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        """The last events of the trials whose jobs ended; nothing is told while they run."""
        deadline = time.monotonic() + seconds
        while True:
            done = [number for number, job in self._jobs.items() if job.done()]
            if done or time.monotonic() >= deadline:
                return [self._last_event(number) for number in done]
            time.sleep(POLL_SECONDS)

    def interrupt(self) -> None:
        """Cancel every job; one that runs is told by a signal and logs what it has."""
        for job in self._jobs.values():
            job.cancel()

    def close(self) -> None:
        """Cancel what is left."""
        self.interrupt()
        self._jobs.clear()

    def _last_event(self, number: int) -> TrialEvent:
        job = self._jobs.pop(number)
        try:
            event: TrialEvent = job.result()
        except (UncompletedJobError, FailedJobError) as error:
            why = str(error).strip().splitlines()[0]
            return TrialEvent(number, "died", f"its job is gone ({why})")
        return event
