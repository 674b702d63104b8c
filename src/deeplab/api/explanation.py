"""What `deeplab.why` found, as a notebook has it: what each difference between two configurations brings."""

from typing import TYPE_CHECKING, Any

from deeplab.api.sweep import Sweep
from deeplab.sweep.why.source import RESULT_FILE

if TYPE_CHECKING:
    import pandas as pd

SHARE = ("difference", "gain", "low", "high", "verdict")


class Explanation(Sweep):
    """A sweep over what lies between two configurations, A and B."""

    @property
    def sentence(self) -> str:
        """What is known, in a sentence that may be quoted; "" of one that has not come to an end yet."""
        return str(self._read_json(RESULT_FILE).get("sentence", ""))

    @property
    def shares(self) -> "pd.DataFrame":
        """A row for each difference: difference, gain in favour of B, its interval (low, high), verdict."""
        return self._shares("shares")

    @property
    def interactions(self) -> "pd.DataFrame":
        """The same for each two differences, beyond what each brings alone; empty where there are more than four."""
        return self._shares("interactions")

    def _shares(self, which: str) -> "pd.DataFrame":
        import pandas as pd

        stored: list[dict[str, Any]] = self._read_json(RESULT_FILE).get(which, [])
        rows = [{**share, **(share["interval"] or {}), "difference": share["name"]} for share in stored]
        return pd.DataFrame([{key: row.get(key) for key in SHARE} for row in rows], columns=list(SHARE))
