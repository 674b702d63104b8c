"""What a run says of itself."""

import time

import pytest

from deeplab.tracking.run import Run
from deeplab.tracking.tags import HEARTBEAT_TAG


@pytest.mark.parametrize(("age", "is_alive"), [(5, True), (-5, True), (70, False), (-3600, False)])
def test_a_sign_of_life_from_the_future_is_none(age: float, is_alive: bool) -> None:
    tags = {HEARTBEAT_TAG: str(int(time.time() - age))}
    run = Run("a", "cnn", "RUNNING", 0, None, "", {}, {}, {}, tags)
    assert run.is_alive == is_alive
    assert run.shown_status == ("RUNNING" if is_alive else "DEAD")
