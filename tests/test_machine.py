"""Cores are counted as the system grants them."""

import os

from deeplab.machine import cores


def test_a_process_that_may_use_one_core_counts_one() -> None:
    granted = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(granted)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, granted)
    assert cores() == len(granted)
