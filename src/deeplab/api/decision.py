"""A decision as a notebook has it: what is known of each pair of its points, in numbers and in a sentence."""

from typing import TYPE_CHECKING, Any

from deeplab.api.sweep import Sweep
from deeplab.sweep.confirm import FILE as CONFIRMATION_FILE
from deeplab.sweep.decision.source import RESULT_FILE

if TYPE_CHECKING:
    import pandas as pd

PAIR = ("first", "second", "verdict", "mean", "low", "high", "seeds")


class Decision(Sweep):
    """A sweep that grew until it was known which of its points is better, or the confirmation of one."""

    @property
    def sentence(self) -> str:
        """What is known, in a sentence that may be quoted; "" of a decision that has not come to an end yet."""
        return str(self._known.get("sentence", ""))

    @property
    def is_decided(self) -> bool:
        """Whether no pair is left undecided."""
        return bool(self._known.get("decided", False))

    @property
    def pairs(self) -> "pd.DataFrame":
        """A row for each pair: first, second, verdict, by how much the first is better (mean, low, high), seeds."""
        import pandas as pd

        pairs = self._known.get("pairs", [])
        rows = [{**pair, **(pair["interval"] or {})} for pair in pairs]
        return pd.DataFrame([{key: row.get(key) for key in PAIR} for row in rows], columns=list(PAIR))

    @property
    def _known(self) -> dict[str, Any]:
        return self._read_json(RESULT_FILE) or self._read_json(CONFIRMATION_FILE)
