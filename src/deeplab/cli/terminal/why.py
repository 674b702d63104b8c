"""What `deeplab why` prints."""

import json

from deeplab.cli.terminal.page import print_parts
from deeplab.cli.terminal.results import show_end
from deeplab.cli.terminal.tables import console
from deeplab.cli.terminal.text import duration
from deeplab.report.page import Table
from deeplab.report.why import share_tables
from deeplab.sweep.run import SweepResult
from deeplab.sweep.why.plan import WhyPlan, in_words
from deeplab.sweep.why.result import VALID, Explanation


def show_differences(plan: WhyPlan) -> None:
    """Print what differs, and how many trainings there would be."""
    rows = tuple((each.key, each.before, each.after) for each in plan.differences)
    print_parts((Table(plan.name, ("difference", "A", "B"), rows),))
    console().print(f"{in_words(plan)}. Nothing was trained.", soft_wrap=True)


def show_explanation(result: SweepResult[WhyPlan, Explanation], as_json: bool) -> None:
    """Print what each difference brings, the sentence, and the price; or all of it as JSON."""
    screen, found = console(), result.summary
    content = found.to_json()
    if as_json:
        print(content)
        return
    print_parts(tuple(share_tables(json.loads(content))))
    screen.print(f"{VALID}.", soft_wrap=True)
    screen.print(found.sentence, soft_wrap=True)
    if found.seeds < found.planned:
        screen.print(f"{found.seeds} of {found.planned} seeds are finished in every combination.", soft_wrap=True)
    screen.print(f"{found.trainings} trainings of {duration(found.seconds)} together", soft_wrap=True)
    show_end(f"why {result.run_id} in {duration(result.seconds)}", result.place, "its figure and trials")
