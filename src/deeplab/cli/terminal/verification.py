"""What `deeplab verify` prints."""

from collections import Counter
from collections.abc import Sequence

from deeplab.cli.terminal.tables import console
from deeplab.sweep.plan import plural
from deeplab.tracking.find import TRAINED
from deeplab.tracking.tags import KIND_TAG
from deeplab.visible import visible
from deeplab.workflows.verify.finding import Finding
from deeplab.workflows.verify.verify import RunVerdict, Verification, worst

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
    _show_odd(verdict.findings)


def _show_odd(findings: Sequence[Finding]) -> None:
    screen = console()
    for finding in findings:
        if finding.outcome != "identical":
            detail = f" ({finding.detail})" if finding.detail else ""
            outcome = "not checked" if finding.outcome == "unchecked" else WORDS[finding.outcome]
            screen.print(f"  {finding.what}: {outcome}{detail}", soft_wrap=True)


def show_verification(done: Verification, name: str) -> None:
    """Print what is found of sweeps and of a study, what was passed over, and what holds of all runs."""
    for verdict in done.verdicts:
        if verdict.run.tags.get(KIND_TAG) not in TRAINED:
            show_run(verdict)
    if done.study:
        console().print(f"study: {WORDS[worst([each.outcome for each in done.study])]}", soft_wrap=True)
        _show_odd(done.study)
    if done.passed_over:
        kinds = Counter(f"{run.tags.get(KIND_TAG, 'foreign')} {run.shown_status.lower()}" for run in done.passed_over)
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        console().print(f"passed over, nothing of them is checked: {visible(words)}", soft_wrap=True)
    again = f"{done.trained:,} of {done.epochs:,} epochs trained again"
    draw = f"; to draw the same: --seed {done.seed}" if 0 < done.trained < done.epochs else ""
    runs = plural(len(done.verdicts), "run")
    console().print(f"{name}: {WORDS[done.outcome]}; {runs}, {again}{draw}", soft_wrap=True)
