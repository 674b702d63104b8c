"""What is shown of a run that was done again."""

from deeplab.cli.tables import console, table
from deeplab.runs.reproduce import Reproduction

MOST_CHANGES = 12
VERDICTS = {
    "identical": "identical to the bit",
    "within": "within the 95 % prediction intervals of its replicates",
    "different": "different",
}


def show_reproduction(done: Reproduction) -> None:
    """Print both scores, what changed in between, and the verdict."""
    replicates = any(score.spread for score in done.scores)
    spread = ("replicates", "std", "n", "within ±") if replicates else ()
    rows = table(None, ("score",), ("before", "again", "difference", *spread))
    for score in done.scores:
        cells = [f"{score.before:.6f}", f"{score.again:.6f}", f"{score.again - score.before:+.1e}"]
        if score.spread:
            cells += [f"{score.spread.mean:.6f}", f"{score.spread.deviation:.6f}", str(score.spread.count)]
            cells.append(f"{score.interval:.6f}")
        rows.add_row(score.name, *cells)
    screen = console()
    screen.print(rows)
    words = {True: "the same to the bit", False: "not the same to the bit", None: "not kept, not compared"}
    lines = [f"{part}: {words[same]}" for part, same in done.same.items()]
    if done.changes:
        lines.append("since then changed:")
        lines += [f"  {change}" for change in done.changes[:MOST_CHANGES]]
        more = len(done.changes) - MOST_CHANGES
        lines += [f"  and {more} more (packages.txt of both runs has them)"] if more > 0 else []
    else:
        lines.append("nothing that is kept of a run has changed: data, commit, packages, device, threads, engine")
    lines.append(f"run {done.trained.name}, again {done.run_id}: {VERDICTS[done.verdict]}")
    for line in lines:
        screen.print(line, soft_wrap=True)
