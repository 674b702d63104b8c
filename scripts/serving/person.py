"""Somebody who uses a shared store: a folder of their own, commands, and what the store has of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Seconds of training in which something can be done to it.
LONG = ("model=cnn_dropout", "dataset.image_size=12", "dataset.limit=400", "training.epochs=40")
SHORT = ("model=mlp_64_64", "dataset.limit=300", "training.epochs=3")
LIGHT = ("training.checkpoint_seconds=0", "training.threads=1")
PATIENCE_SECONDS = 900.0
ENDING_SECONDS = 15.0


@dataclass(frozen=True)
class Ended:
    """What came of a command."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def last(self) -> str:
        """The last line that it wrote."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[-1] if lines else ""


def check(is_fine: bool, ended: Ended, faults: list[str] | None = None) -> None:
    """Raise what a command said where it is not what was to be said."""
    if not is_fine or faults:
        raise AssertionError(f"status {ended.status} {faults or ''}: {ended.out[-300:]} {ended.err[-900:]}")


def in_one_line(ended: Ended) -> str:
    """The line by which a command told a fault; raise where it is none."""
    lines = ended.err.strip().splitlines()
    check(ended.status in (1, 2) and len(lines) == 1 and "Traceback" not in ended.err, ended)
    return f"status {ended.status}: `{lines[0].removeprefix('deeplab: ')}`"


class Command:
    """A command that goes on."""

    def __init__(self, program: "subprocess.Popen[str]", log: Path) -> None:
        """Watch it; what it says goes into a file."""
        self.program, self._log, self._began = program, log, time.monotonic()

    def until(self, text: str) -> None:
        """Wait until it has said something."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in " ".join(self._log.read_text().split()):
            if self.program.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"'{text}' was never said: {self._log.read_text()[-1500:]}")
            time.sleep(0.05)

    def interrupt(self) -> str:
        """Press Ctrl-C; how it ended within some seconds, and the one line that it said."""
        self.program.send_signal(signal.SIGINT)
        asked = time.monotonic()
        ended = self.end()
        seconds = time.monotonic() - asked
        said = [line.removeprefix("deeplab: ") for line in ended.err.splitlines() if line.startswith("deeplab: ")]
        check(ended.status != 0 and len(said) == 1 and seconds < ENDING_SECONDS, ended)
        return f"{seconds:.0f} s after Ctrl-C: status {ended.status}: `{said[0]}`"

    def end(self) -> Ended:
        """Wait until it ends."""
        try:
            status = self.program.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.program.kill()
            status = 124
        errors = self._log.with_suffix(".err").read_text()
        return Ended(status, self._log.read_text(), errors, time.monotonic() - self._began)


def while_away(command: Command, stop: Callable[[], None], start: Callable[[], None], seconds: float) -> Ended:
    """End a server under a command that goes on, start it again after so many seconds, and wait until that ends."""
    stop()
    time.sleep(seconds)
    start()
    return command.end()


class Person:
    """Somebody with a working folder, an experiment and the address of a store."""

    def __init__(self, folder: Path, experiment: str, address: str) -> None:
        """Begin with nothing done."""
        self.folder, self.experiment, self.address = folder, experiment, address
        folder.mkdir(parents=True, exist_ok=True)
        self._count = 0
        self.environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}

    def begin(self, *arguments: str) -> Command:
        """Begin a command of deeplab."""
        self._count += 1
        log = self.folder / f"{self._count}.log"
        where = [f"tracking.uri={self.address}", f"tracking.experiment={self.experiment}"]
        code = "from deeplab.cli.main import main; main()"
        with log.open("w") as out, log.with_suffix(".err").open("w") as err:
            program = subprocess.Popen(
                [sys.executable, "-c", code, *arguments, *where],
                cwd=self.folder, stdout=out, stderr=err, text=True, env=self.environment, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        return Command(program, log)

    def do(self, *arguments: str) -> Ended:
        """Carry out a command of deeplab."""
        return self.begin(*arguments).end()

    def client(self) -> Any:
        """MLflow's own client."""
        import mlflow

        return mlflow.MlflowClient(self.address)

    def stored(self) -> list[Any]:
        """Every run that the store has of the experiment, the newest first."""
        client = self.client()
        found = client.get_experiment_by_name(self.experiment)
        return [] if found is None else list(client.search_runs([found.experiment_id], max_results=1000))

    def declare_dead(self) -> None:
        """Age the heartbeat of what runs, as a minute's wait would."""
        for run in self.stored():
            if run.info.status == "RUNNING":
                self.client().set_tag(run.info.run_id, "deeplab.heartbeat", "1000")

    def faults(self, epochs: int) -> list[str]:
        """What is wrong with the runs: one that runs for ever, metrics that are missing or there twice."""
        wrong = []
        for run in self.stored():
            kind, status, name = run.data.tags.get("deeplab.kind"), run.info.status, run.info.run_name
            if status not in ("FINISHED", "FAILED", "KILLED"):
                wrong.append(f"{name} is {status}")
            if status == "FINISHED" and kind in ("train", "trial"):
                history = self.client().get_metric_history(run.info.run_id, "train/loss")
                steps = sorted(metric.step for metric in history)
                if steps != list(range(1, epochs + 1)):
                    wrong.append(f"{name} has steps {steps[:3]}...{steps[-1:]} of train/loss")
        return wrong
