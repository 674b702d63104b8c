"""The local launcher with workers that only pretend to train."""

import textwrap
import time
from pathlib import Path

import pytest

from deeplab.config.compose import compose
from deeplab.sweep.launch import local
from deeplab.sweep.launch.worker import MOST_GROWTH_BYTES, keeps_memory
from deeplab.sweep.messages import TrialEvent, TrialJob

# Answers each trial with its own process id, and says after trial 1 that it kept memory.
PRETENDER = """
    import os
    from deeplab.sweep.messages import TrialEvent

    def work(connection, log):
        while True:
            job = connection.recv()
            keeps = job.number == 1
            connection.send((TrialEvent(job.number, "finished", str(os.getpid())), keeps))
            if keeps:
                return
"""


def finished(launcher: local.LocalLauncher, number: int) -> TrialEvent:
    launcher.submit(TrialJob(number, "trial", compose([]).values, (), {}, "parent", "uri", None))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for event in launcher.wait(1):
            assert (event.number, event.kind) == (number, "finished")
            return event
    raise AssertionError("no answer")


def test_a_worker_is_used_again_until_a_trial_keeps_memory_and_then_another_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pretender.py").write_text(textwrap.dedent(PRETENDER))
    monkeypatch.syspath_prepend(str(tmp_path))
    import pretender

    monkeypatch.setattr(local, "work", pretender.work)
    launcher = local.LocalLauncher(1, tmp_path / "logs")
    try:
        processes = [finished(launcher, number).text for number in range(3)]
    finally:
        launcher.close()
    assert processes[0] == processes[1] != processes[2]


@pytest.mark.parametrize(("more", "keeps"), [(0, False), (MOST_GROWTH_BYTES, False), (MOST_GROWTH_BYTES + 1, True)])
def test_memory_is_measured_against_what_the_first_trial_left(more: int, keeps: bool) -> None:
    assert keeps_memory(1 << 30, (1 << 30) + more) is keeps
