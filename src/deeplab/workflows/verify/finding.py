"""What is found of one thing that was checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deeplab.training.checkpoint import Arrays, Checkpoint

Outcome = Literal["identical", "within", "different", "unchecked"]
# What another processor or version may make of the same training in some epochs, relative to the largest.
ROUNDING = 1e-2
# What it may make of the answers of a network with the same weights.
ROUNDING_OF_ANSWERS = 1e-3
TIMES = "time/"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    what: str  # as in `history.csv`, or `epochs 4 to 5, trained again`
    outcome: Outcome  # to the bit, `within` rounding, another, or not to be checked here
    detail: str = ""  # by how much, or why


def held(what: str, is_same: bool, detail: str) -> Finding:
    """A thing that is the same or is not; the detail says in what it differs."""
    return Finding(what, "identical") if is_same else Finding(what, "different", detail)


def scores_found(
    what: str, stored: Mapping[str, float], again: Mapping[str, float], rounding: float = ROUNDING
) -> Finding:
    """Hold stored scores against those that were computed again.

    Args:
        what: they are of.
        stored: by name; those of time are left aside.
        again: the same.
        rounding: how far one may be from the other, relative to it where it is above 1.
    """
    stored, again = (_without_times(each) for each in (stored, again))
    if stored.keys() != again.keys():
        odd = sorted(stored.keys() ^ again.keys())[0]
        return Finding(what, "different", f"{odd} is there once only")
    if not stored:
        return Finding(what, "identical")
    name, gap = max(((name, _gap(stored[name], again[name])) for name in stored), key=lambda pair: pair[1])
    if all(same(stored[each], again[each]) for each in stored):
        return Finding(what, "identical")
    detail = f"{name} is {stored[name]:.6g}, again {again[name]:.6g}"
    return Finding(what, "within" if gap <= rounding else "different", detail)


def states_found(what: str, stored: Checkpoint, again: Checkpoint, begin: int) -> list[Finding]:
    """Hold a stored state against one that was trained again from epoch `begin` on: histories, then arrays."""
    findings = []
    pairs = list(zip(stored.history.epochs, again.history.epochs, strict=False))[begin:]
    for before, now in pairs:
        finding = scores_found(f"{what}: history of epoch {before.number}", before.metrics, now.metrics)
        findings.append(finding)
        if finding.outcome == "different":
            break
    findings.append(scores_found(f"{what}: early stopping", _watched(stored), _watched(again)))
    for kind, label in (("weights", "weights"), ("optimizer", "optimiser"), ("best_weights", "best weights")):
        findings.append(arrays_found(f"{what}: {label}", getattr(stored, kind), getattr(again, kind)))
    return findings


def _watched(state: Checkpoint) -> dict[str, float]:
    """What early stopping, and a schedule that waits for a plateau, remember."""
    numbers = {
        f"{kind}.{name}": value
        for kind in ("early_stopping", "plateau")
        for name, value in getattr(state, kind).items()
    }
    return {"stopped": state.stopped, **{name: math.nan if value is None else value for name, value in numbers.items()}}


def arrays_found(what: str, stored: Sequence[np.ndarray] | Arrays, again: Sequence[np.ndarray] | Arrays) -> Finding:
    """Hold arrays against others, the gap relative to the largest number of each."""
    if [each.shape for each in stored] != [each.shape for each in again]:
        return Finding(what, "different", "they have other shapes")
    if all(a.tobytes() == b.tobytes() for a, b in zip(stored, again, strict=True)):
        return Finding(what, "identical")
    gap = max(array_gap(a, b) for a, b in zip(stored, again, strict=True))
    return Finding(what, "within" if gap <= ROUNDING else "different", f"{gap:.1e} apart, relative to the largest")


def array_gap(stored: np.ndarray, again: np.ndarray) -> float:
    """How far an array is from another of its shape, relative to the largest number of both."""
    if not stored.size:
        return 0.0
    a, b = stored.astype(np.float64), again.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0 if stored.tobytes() == again.tobytes() else float("inf")
    return float(np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max(), np.finfo(np.float32).tiny))


def _gap(stored: float, again: float) -> float:
    if same(stored, again):
        return 0.0
    gap = abs(stored - again) / max(1.0, abs(stored), abs(again))
    return gap if np.isfinite(gap) else float("inf")


def same(stored: float, again: float) -> bool:
    """Whether two scores are equal, or both no number."""
    return stored == again or (np.isnan(stored) and np.isnan(again))


def _without_times(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if not name.startswith(TIMES)}
