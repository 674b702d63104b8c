"""What `deeplab decide` prints."""

from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.results import show_end
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.text import duration
from deeplab.report.decision import decision_table, skewness
from deeplab.report.page import Table
from deeplab.sweep.decision.forecast import Forecast
from deeplab.sweep.decision.plan import DecisionPlan
from deeplab.sweep.decision.result import VALID, Decision
from deeplab.sweep.run import SweepResult


def show_decision(result: SweepResult[DecisionPlan, Decision], as_json: bool) -> None:
    """Print every pair, the sentence, and the price; or all of it as JSON."""
    screen, decision = console(), result.summary
    if as_json:
        print(decision.to_json())
        return
    print_parts((decision_table(decision.to_json(), result.plan.name),))
    screen.print(f"{VALID}.", soft_wrap=True)
    screen.print(decision.sentence, soft_wrap=True)
    print_parts(skewness(decision.to_json()))
    if not decision.is_decided:
        screen.print("To go on: the same command with more --hours or --max-replicates.", soft_wrap=True)
    screen.print(f"{decision.trainings} trainings of {duration(decision.seconds)} together", soft_wrap=True)
    show_end(f"decision {result.run_id} in {duration(result.seconds)}", result.place, "its figure and trials")


def show_forecast(plan: DecisionPlan, told: Forecast) -> None:
    """Print the points, what finished runs say of them, and what the decision may take."""
    screen = console()
    rows = tuple((plan.point_name(number), count) for number, count in enumerate(told.runs))
    print_parts((Table(plan.name, ("point", "finished runs like it"), rows),))
    least = f"{plan.size}: at least {plan.count} trainings"
    screen.print(f"{least}, at most {plan.most} seeds a point. Nothing was trained.", soft_wrap=True)
    if told.pairs:
        pairs = tuple(
            (
                f"{plan.point_name(pair.first)} against {plan.point_name(pair.second)}",
                pair.difference,
                pair.deviation,
                f"more than {plan.most}" if pair.seeds is None else pair.seeds,
            )
            for pair in told.pairs
        )
        print_parts((Table("If finished runs tell rightly", ("pair", "difference", "std of it", "seeds"), pairs),))
    if told.hours is not None and told.seconds is not None:
        screen.print(
            f"About {duration(3600 * told.hours)}: a training took {duration(told.seconds)}; common seeds often need "
            "fewer of them.",
            soft_wrap=True,
        )
    else:
        screen.print("Too few runs like these are finished to tell how many seeds and hours it takes.", soft_wrap=True)
