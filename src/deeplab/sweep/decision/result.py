"""What a decision comes to, in numbers and in one sentence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deeplab.metrics import label_of
from deeplab.sweep.decision.plan import DecisionPlan
from deeplab.sweep.decision.rounds import Pair, Scores, compare, in_favour

VALID = "95 % intervals of differences at the same seeds, valid however often they are looked at"


@dataclass(frozen=True)
class Decision:
    """What is known of some points."""

    names: tuple[str, ...]  # of the points
    metric: str
    margin: float
    pairs: tuple[Pair, ...]
    seeds: tuple[int, ...]  # of each point, how many are finished
    scores: tuple[Scores, ...]  # of each point, by the number of the seed
    seconds: float  # that all trainings took together
    folds: int = 1  # that each score is the mean of, one training each

    @property
    def is_decided(self) -> bool:
        """Whether nothing is open."""
        return all(pair.verdict != "undecided" for pair in self.pairs)

    @property
    def trainings(self) -> int:
        """How many there were."""
        return sum(self.seeds) * self.folds

    @property
    def sentence(self) -> str:
        """What a person may quote."""
        return sentence(self)

    def to_json(self) -> str:
        """The content of `decision.json`."""
        return json.dumps(self.to_values(), indent=1)

    def to_values(self) -> dict[str, Any]:
        """All that is known, as plain values."""
        return {
            "sentence": self.sentence,
            "decided": self.is_decided,
            "metric": self.metric,
            "margin": self.margin,
            **({"folds": self.folds} if self.folds > 1 else {}),
            "points": [
                {"name": name, "seeds": count, "scores": {str(seed): each[seed] for seed in sorted(each)}}
                for name, count, each in zip(self.names, self.seeds, self.scores, strict=True)
            ],
            "pairs": [
                {**asdict(pair), "first": self.names[pair.first], "second": self.names[pair.second]}
                for pair in self.pairs
            ],
            "trainings": self.trainings,
            "seconds": self.seconds,
        }


def decide(plan: DecisionPlan, scores: Sequence[Scores], seconds: float) -> Decision:
    """Tell what is known from the scores of finished trainings."""
    names = tuple(map(plan.point_name, range(len(plan.points))))
    pairs = tuple(compare(scores, plan.question))
    counts = tuple(map(len, scores))
    return Decision(names, plan.metric, plan.question.margin, pairs, counts, tuple(scores), seconds, plan.sweep.folds)


def history(plan: DecisionPlan, decision: Decision, pair: Pair) -> list[tuple[int, Any]]:
    """The interval of a pair after each number of seeds that said something."""
    first, second = decision.scores[pair.first], decision.scores[pair.second]
    common = sorted(first.keys() & second.keys())
    differences = [first[seed] - second[seed] for seed in common]
    looks = ((count, in_favour(differences[:count], plan.question)) for count in range(2, len(common) + 1))
    return [(count, interval) for count, interval in looks if interval is not None]


def in_words(word: str, margin: float) -> str:
    """A verdict, with the margin where points are equal within one.

    Examples:
        >>> in_words("equal", 0.01), in_words("equal", 0.0), in_words("better", 0.01)
        ('equal within 0.01', 'equal', 'better')
    """
    return f"{word} within {margin:g}" if word == "equal" and margin else word


def sentence(decision: Decision) -> str:
    """Say what is known, with numbers, in one sentence."""
    names, pairs = decision.names, decision.pairs
    metric = label_of(decision.metric) + (f", the mean of {decision.folds} folds" if decision.folds > 1 else "")
    if len(pairs) == 1:
        return f"{_of_pair(names, pairs[0], decision.margin)} in {metric}{_numbers(pairs[0])}."
    first = names[pairs[0].first]
    groups: Mapping[str, list[str]] = {
        f"better than {{}} in {metric}": [names[pair.second] for pair in pairs if pair.verdict == "better"],
        f"worse than {{}} in {metric}": [names[pair.second] for pair in pairs if pair.verdict == "worse"],
        f"{in_words('equal', decision.margin)} to {{}}": [names[p.second] for p in pairs if p.verdict == "equal"],
        "undecided against {}": [names[pair.second] for pair in pairs if pair.verdict == "undecided"],
    }
    told = "; ".join(words.format(", ".join(of)) for words, of in groups.items() if of)
    seeds = sorted({pair.seeds for pair in pairs})
    spread = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return f"{first} is {told} (95 % intervals, all together; {spread} seeds)."


def _of_pair(names: Sequence[str], pair: Pair, margin: float) -> str:
    one, two = names[pair.first], names[pair.second]
    words = {
        "better": f"{one} is better than {two}",
        "worse": f"{one} is worse than {two}",
        "equal": f"{one} and {two} are {in_words('equal', margin)}",
        "undecided": f"{one} and {two} are undecided",
    }
    return words[pair.verdict]


def _numbers(pair: Pair) -> str:
    if pair.difference is None:
        return ""
    found = pair.interval
    if found is None:
        return f" by {abs(pair.difference):.4g} ({pair.seeds} seeds)"
    interval = f"95 % interval {found.low:+.4g} to {found.high:+.4g}, {pair.seeds} seeds"
    return f": {found.mean:+.4g} in favour of the first ({interval})"
