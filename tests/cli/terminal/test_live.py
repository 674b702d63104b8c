"""A bar on a terminal, plain lines anywhere else."""

from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

from deeplab.cli.terminal.live import live_or_plain
from deeplab.cli.terminal.screen import Words


def observer(bar: Progress) -> str:
    bar.add_task("loading", total=3)
    return "live"


@pytest.mark.parametrize(("is_terminal", "expected"), [(True, "live"), (False, "plain")])
def test_the_observer_fits_the_output(
    is_terminal: bool, expected: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(Console, "is_terminal", is_terminal)
    with live_or_plain([Words("{task.description} of {task.total}")], lambda: "plain", observer) as shown:
        assert shown == expected
    assert ("loading of 3" in capsys.readouterr().out) == is_terminal
