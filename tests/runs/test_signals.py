import os
import signal
import threading

import pytest

from deeplab.runs.signals import HeldSignals, signals_ignored


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
    with signals_ignored():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_have_no_signals_to_hold() -> None:
    found: list[bool] = []

    def look() -> None:
        with signals_ignored():
            found.append(signal.getsignal(signal.SIGINT) is signal.default_int_handler)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [True]
