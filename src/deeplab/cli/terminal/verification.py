"""What `deeplab verify` prints."""

from deeplab.cli.terminal.tables import console
from deeplab.sweep.plan import plural
from deeplab.workflows.verify.verify import RunVerdict, Verification

WORDS = {
    "identical": "identical to the bit",
    "within": "within rounding",
    "different": "different",
    "unchecked": "not checked in full",
}


def show_run(verdict: RunVerdict) -> None:
    """Print a line for a run, and one for each thing that is not identical."""
    screen = console()
    checked = sum(finding.outcome != "unchecked" for finding in verdict.findings)
    screen.print(f"run {verdict.run.label}: {WORDS[verdict.outcome]}, {checked} checks", soft_wrap=True)
    for finding in verdict.findings:
        if finding.outcome != "identical":
            detail = f" ({finding.detail})" if finding.detail else ""
            outcome = "not checked" if finding.outcome == "unchecked" else WORDS[finding.outcome]
            screen.print(f"  {finding.what}: {outcome}{detail}", soft_wrap=True)


def show_verification(done: Verification, name: str) -> None:
    """Print what holds of all runs."""
    again = f"{done.trained:,} of {done.epochs:,} epochs trained again"
    draw = f"; to draw the same: --seed {done.seed}" if 0 < done.trained < done.epochs else ""
    runs = plural(len(done.verdicts), "run")
    console().print(f"{name}: {WORDS[done.outcome]}; {runs}, {again}{draw}", soft_wrap=True)
