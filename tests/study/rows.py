"""Lines of results as a study keeps them, made up."""

from collections.abc import Sequence
from dataclasses import replace

from deeplab.study.config import ReportedValue, StudyConfig, StudyEntry
from deeplab.study.entries import planned_runs
from deeplab.study.matching import configuration_hash
from deeplab.study.results import Result
from deeplab.study.verdicts import Verdict, verdicts


def row(replicate: int, scores: dict[str, float], entry: str = "e", point: str = "") -> Result:
    return Result(entry, point, replicate, "c", "r", "2026-01-01", "d", "cpu", "", "v", 1.0, scores)


def held(figure: dict[str, object], values: Sequence[float], metric: str = "test/accuracy") -> Verdict:
    """The verdict on a figure of a metric that runs have these values of."""
    given = {"source": "s"} | ({} if "crosses" in figure else {"metric": metric}) | figure
    lines = [row(number, {metric: value}) for number, value in enumerate(values)]
    (verdict,) = verdicts("e", StudyEntry(run=("x",), figures=(ReportedValue(**given),)), lines)
    return verdict


def rows_of(config: StudyConfig, name: str, values: Sequence[float], metric: str = "test/accuracy") -> list[Result]:
    """A line for each of the first replicates of an entry, with the hash of its configuration."""
    planned = planned_runs(name, config.entries[name], config, replicates=len(values))
    return [
        replace(row(number, {metric: value}, name), configuration=configuration_hash(each.values))
        for number, (value, each) in enumerate(zip(values, planned, strict=True))
    ]
