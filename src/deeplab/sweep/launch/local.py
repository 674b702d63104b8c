"""Trials in worker processes of this machine, one process a slot, used again where trials can share one."""

import multiprocessing
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from deeplab.child_process import starting_a_child
from deeplab.machine import CARDS
from deeplab.sweep.launch.worker import work
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob
from deeplab.sweep.workers import ANY_CARD

# Settings of a process rather than of a training.
_PROCESS_SETTINGS = ("device", "threads", "precision", "deterministic")


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    settings: tuple[Any, ...]
    card: str | None  # that it sees, and no other; None: all there are
    trial: int | None = None


class LocalLauncher:
    """Worker processes on this machine. One that dies takes the trial it was at with it, and no other."""

    def __init__(self, workers: int, folder: Path, cards: Sequence[str] = ()) -> None:
        """Start nothing yet.

        Args:
            workers: how many at once.
            folder: takes what they write on their screen.
            cards: of which each worker gets the one that fewest have, by the names that CUDA has for them.
        """
        self.capacity, self._cards = workers, cards
        self._folder = folder
        self._temporary = tempfile.TemporaryDirectory(prefix="deeplab-")  # which a worker that is killed cannot clear
        self._workers: list[_Worker] = []
        self._started = 0

    def submit(self, job: TrialJob) -> None:
        """Give a trial to an idle worker that fits, or to a new one."""
        settings = tuple(job.values["training"][key] for key in _PROCESS_SETTINGS)
        idle = [worker for worker in self._workers if worker.trial is None]
        fitting = [worker for worker in idle if worker.settings == settings]
        if not fitting:
            for worker in idle:
                self._end(worker)
        worker = fitting[0] if fitting else self._start(settings, self._free_card(settings[0]))
        worker.trial = job.number
        with suppress(OSError):  # it has just died, and `wait` will tell
            worker.connection.send(job)

    def answer(self, answer: ContinueReply) -> None:
        """Tell a trial that asked whether it is to go on."""
        for worker in self._workers:
            if worker.trial == answer.number:
                with suppress(OSError):  # it has just died, and `wait` will tell
                    worker.connection.send(answer)

    def wait(self, seconds: float) -> Sequence[TrialEvent]:
        """What the workers told, and which of them died."""
        sources: list[Any] = [end for worker in self._workers for end in (worker.connection, worker.process.sentinel)]
        wait(sources, timeout=seconds)
        events: list[TrialEvent] = []
        for worker in list(self._workers):
            events.extend(self._heard_from(worker))
            if worker in self._workers and not worker.process.is_alive():
                events.extend(self._heard_from(worker))  # what it said last
                self._workers.remove(worker)
                if worker.trial is not None:
                    events.append(TrialEvent(worker.trial, "died", _cause(worker.process.exitcode)))
        return events

    def interrupt(self) -> None:
        """Ask the workers to end as a person would end a training."""
        for worker in self._workers:
            if worker.process.is_alive():
                worker.process.terminate()

    def close(self) -> None:
        """Kill every worker that is still there."""
        for worker in list(self._workers):
            self._end(worker)
        self._temporary.cleanup()

    def _free_card(self, device: str) -> str | None:
        taken = Counter(worker.card for worker in self._workers)
        return min(self._cards, key=lambda card: taken[card]) if self._cards and device in ANY_CARD else None

    def _start(self, settings: tuple[Any, ...], card: str | None) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._started += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / f"worker-{self._started}.log"
        arguments, name = (theirs, log, self._temporary.name), f"deeplab-worker-{self._started}"
        process = context.Process(target=work, args=arguments, name=name, daemon=True)
        with starting_a_child(), _seeing(card):
            process.start()
        theirs.close()
        worker = _Worker(process, ours, settings, card)
        self._workers.append(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        if worker in self._workers:
            self._workers.remove(worker)

    def _heard_from(self, worker: _Worker) -> Iterator[TrialEvent]:
        try:
            while worker.connection.poll():
                event, ends = worker.connection.recv()
                if event.ends_trial:
                    worker.trial = None
                yield event
                if ends:
                    self._end(worker)
                    return
        except (EOFError, OSError):
            return  # it is gone, as its process will show


@contextmanager
def _seeing(card: str | None) -> Iterator[None]:
    """What is started meanwhile sees one card alone, whatever it imports and however early."""
    if card is None:
        yield
        return
    kept = os.environ.get(CARDS)
    os.environ[CARDS] = card
    try:
        yield
    finally:
        if kept is None:
            del os.environ[CARDS]
        else:
            os.environ[CARDS] = kept


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"its worker was ended by {signal.Signals(-exit_code).name}"
    return f"its worker ended with status {exit_code}"
