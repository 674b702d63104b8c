import os
import signal
import threading

import pytest

from deeplab.errors import Terminated
from deeplab.workflows.signals import ENDING, HeldSignals, forget_heard, heard, listen, signals_ignored


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
        listen()
        with pytest.raises(Terminated):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        assert isinstance(heard(), Terminated)
        forget_heard()
        assert heard() is None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
