"""Cores are counted as the system grants them, cards as `nvidia-smi` lists them and the environment shows them."""

import os
from pathlib import Path

import pytest
from tests.conftest import put_nvidia_smi

from deeplab.machine import CARDS, Card, CardsError, cards, cores, visible_cards


def test_a_process_that_may_use_one_core_counts_one() -> None:
    granted = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(granted)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, granted)
    assert cores() == len(granted)


def test_cards_are_those_that_nvidia_smi_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CARDS, raising=False)
    put_nvidia_smi(tmp_path, monkeypatch, 2)
    assert cards() == (Card("Card 0", "24576", "24000", "550.54"), Card("Card 1", "24576", "24000", "550.54"))
    assert visible_cards() == ("0", "1")


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("2,0", ("2", "0")),
        ("3, 9, 1", ("3",)),
        ("GPU-5f1a,MIG-77", ("GPU-5f1a", "MIG-77")),
        ("-1", ()),
        ("", ()),
        ("1,1", ("1",)),
    ],
)
def test_what_the_environment_hides_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, seen: tuple[str, ...]
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, 4)
    monkeypatch.setenv(CARDS, given)
    assert visible_cards() == seen


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (None, "no NVIDIA driver is installed"),
        ("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18", "Failed to initialize NVML"),
        ("exit 0", "the NVIDIA driver sees no card"),
        ("echo something else entirely", "something else entirely"),
    ],
)
def test_a_driver_that_lists_nothing_is_no_card_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None, why: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if program is not None:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    assert visible_cards() == ()
    with pytest.raises(CardsError, match=why):
        cards()
