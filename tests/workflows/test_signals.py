import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deeplab.errors import Terminated
from deeplab.workflows.signals import ENDING, HeldSignals, install_handlers, signals_ignored, signals_let_through


def test_a_signal_that_is_held_acts_when_it_is_released() -> None:
    held = HeldSignals()
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        held.release()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()


def test_nothing_happens_when_none_came() -> None:
    before = signal.getsignal(signal.SIGTERM)
    held = HeldSignals()
    assert signal.getsignal(signal.SIGTERM) != before
    held.release()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_that_is_ignored_is_gone() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signals_ignored():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


def test_other_threads_have_no_signals_to_hold() -> None:
    found: list[bool] = []
    before = signal.getsignal(signal.SIGINT)

    def look() -> None:
        with signals_ignored():
            found.append(signal.getsignal(signal.SIGINT) == before)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [True]


def test_a_signal_that_tensorflow_turned_into_something_else_is_remembered() -> None:
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        install_handlers()
        held = HeldSignals()
        assert held.interrupt is None
        held.let_through()
        with pytest.raises(Terminated):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        assert isinstance(held.interrupt, Terminated)
        held.forget()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_the_first_signal_is_let_through_and_those_after_it_are_not() -> None:
    before = {number: signal.getsignal(number) for number in ENDING}
    held = HeldSignals()
    held.let_through()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    for number in ENDING:
        signal.raise_signal(number)
    with pytest.raises(Terminated), signals_let_through():
        pytest.fail("the one that came meanwhile acts at once")
    signal.raise_signal(signal.SIGINT)
    held.forget()
    assert {number: signal.getsignal(number) for number in ENDING} == before


def test_a_signal_that_would_end_the_process_at_once_raises_and_one_that_is_ignored_stays_so() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        held = HeldSignals()
        held.let_through()
        signal.raise_signal(signal.SIGHUP)
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
        held.forget()
        assert [signal.getsignal(number) for number in before] == [signal.SIG_DFL, signal.SIG_IGN]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


HUNG_UP = """
import signal, time
from deeplab.workflows.signals import install_handlers

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests that run under nohup hand down that it is ignored
install_handlers()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("a last word that nobody reads", flush=True)
    open("ended", "w").close()
"""


def test_what_is_said_to_a_terminal_that_was_closed_is_no_error(tmp_path: Path) -> None:
    master, screen = pty.openpty()
    command = ["setsid", "--ctty", sys.executable, "-c", HUNG_UP]
    child = subprocess.Popen(command, cwd=tmp_path, stdin=screen, stdout=screen, stderr=screen)
    os.close(screen)
    assert os.read(master, 100).strip() == b"ready"
    os.close(master)
    assert child.wait(30) == 0
    assert (tmp_path / "ended").exists()
