"""What each difference between two configurations brings, in numbers and in one sentence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from deeplab.evaluation.intervals import Interval, Verdict, verdict
from deeplab.evaluation.shapley import Parts, interactions, mean_interval, shares
from deeplab.metrics import label_of, metric_of
from deeplab.sweep.results.summary import TrialScores
from deeplab.sweep.why.differences import Difference
from deeplab.sweep.why.plan import WhyPlan

VALID = (
    "Shapley's shares: the mean of what a difference gains when the differences are made in every order; they add up "
    "to the whole. 95 % t-intervals over the seeds; those of the shares hold together, and so do those of interactions"
)


@dataclass(frozen=True)
class Share:
    """What one difference brings, or two of them do together beyond what each does."""

    name: str
    gain: float  # mean over the seeds; above 0 it is in favour of B
    interval: Interval | None  # of that
    verdict: Verdict  # of what it makes of A: better, worse, undecided; equal where every seed has the same score


@dataclass(frozen=True)
class Explanation:
    """Why B is better or worse than A."""

    names: tuple[str, str]  # of A and B
    metric: str
    seeds: int  # that every combination was finished with
    planned: int  # that it was to be
    differences: tuple[Difference, ...]
    whole: Share | None  # of all differences; None where fewer than one seed is finished everywhere
    shares: tuple[Share, ...]  # of each difference
    interactions: tuple[Share, ...]  # of each pair of them; none where not all combinations were trained
    combinations: Mapping[str, float]  # mean score of each, by what is made there
    trainings: int
    seconds: float  # that all trainings took together

    @property
    def sentence(self) -> str:
        """What a person may quote."""
        return sentence(self)

    def to_json(self) -> str:
        """The content of `why.json`."""
        return json.dumps({"sentence": self.sentence, **asdict(self)}, indent=1)


def explain(plan: WhyPlan, trials: Sequence[TrialScores]) -> Explanation:
    """Tell what each difference brings from the scores of finished trainings."""
    metric = plan.sweep.comparison.metric
    by_seed: dict[int, dict[Parts, float]] = {}
    for trial in trials:
        if metric in trial.scores:
            made = plan.combinations[trial.point]
            by_seed.setdefault(trial.replicate, {})[made] = trial.scores[metric]
    whole = [scores for _, scores in sorted(by_seed.items()) if len(scores) == len(plan.combinations)]
    count = len(plan.differences)
    sign = 1 if metric_of(metric).higher_is_better else -1
    gains = [[sign * each for each in shares(scores, plan.orders)] for scores in whole]
    pairs = [interactions(scores, count) for scores in whole] if plan.is_whole and count > 1 else []
    names = [_name(difference) for difference in plan.differences]
    together = {key: [sign * each[key] for each in pairs] for key in (pairs[0] if pairs else ())}
    none, every = plan.combinations[0], plan.combinations[-1]
    return Explanation(
        (plan.overrides[0], plan.overrides[1]),
        metric,
        len(whole),
        plan.replicates,
        plan.differences,
        _share("B − A", [sign * (scores[every] - scores[none]) for scores in whole], 1) if whole else None,
        tuple(_share(name, each, count) for name, each in zip(names, zip(*gains, strict=True), strict=bool(whole))),
        tuple(_share(f"{names[i]} and {names[j]}", each, len(together)) for (i, j), each in together.items()),
        {_made(names, made): fmean(scores[made] for scores in whole) for made in plan.combinations} if whole else {},
        len(trials),
        sum(trial.seconds for trial in trials),
    )


def _share(name: str, gains: Sequence[float], together: int) -> Share:
    interval = mean_interval(gains, together)
    return Share(name, fmean(gains), interval, verdict(interval))


def _name(difference: Difference) -> str:
    if difference.key.startswith("layer_"):
        one, two = difference.before, difference.after
        return f"{two} added" if one == "none" else f"{one} left out" if two == "none" else f"{one} → {two}"
    return f"{difference.key} {difference.before} → {difference.after}"


def _made(names: Sequence[str], made: Parts) -> str:
    if len(made) == len(names):
        return "B"
    return "A" + "".join(f", {names[number]}" for number in sorted(made))


def sentence(found: Explanation) -> str:
    """Say what is known, with numbers, in one sentence."""
    if found.whole is None:
        return "No seed is finished in every combination yet."
    words = {"better": "is better than A", "worse": "is worse than A", "equal": "is equal to A"}
    told = words.get(found.whole.verdict, "and A are undecided")
    kinds = {
        "brought": [share for share in found.shares if share.verdict == "better"],
        "cost": [share for share in found.shares if share.verdict == "worse"],
    }
    parts = [
        f"{', '.join(f'{share.name} {verb} {abs(share.gain):.4g}' for share in those)}"
        for verb, those in kinds.items()
        if those
    ]
    undecided = [share.name for share in found.shares if share.verdict == "undecided"]
    if undecided:
        parts.append(f"undecided: {', '.join(undecided)}")
    numbers = f"{found.whole.gain:+.4g} in its favour{_ends(found.whole)}, {found.seeds} seeds"
    return f"B {told} in {label_of(found.metric)} ({numbers}): {'; '.join(parts) or 'no difference brought anything'}."


def _ends(share: Share) -> str:
    found = share.interval
    return "" if found is None else f", 95 % interval {found.low:+.4g} to {found.high:+.4g}"
