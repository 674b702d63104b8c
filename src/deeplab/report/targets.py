"""Which files a report becomes: checked before anything is read."""

from pathlib import Path

from deeplab.errors import UserError
from deeplab.files import check_file
from deeplab.report.page import slug
from deeplab.tracking.run import Run

SUFFIXES = {"html": ".html", "markdown": ".md"}
FORMATS = (*SUFFIXES, "both")


def output_paths(out: Path, form: str | None) -> list[Path]:
    """Name the files that a report becomes.

    Args:
        out: as it was given: `.html`, `.md`, or without such an ending.
        form: one of FORMATS, or None to go by the ending.

    Raises:
        UserError: one cannot be written, or the format is none.
    """
    if form is not None and form not in FORMATS:
        raise UserError(f"--format {form}: must be one of {', '.join(FORMATS)}.")
    ending = out.suffix.lower()
    known = ending in SUFFIXES.values()
    if form is None and ending and not known:
        raise UserError(f"--out {out}: its name must end in {' or '.join(SUFFIXES.values())}.")
    if form is None:
        suffixes = [ending if known else SUFFIXES["html"]]
    else:
        suffixes = list(SUFFIXES.values()) if form == "both" else [SUFFIXES[form]]
    if known and form != "both" and ending not in suffixes:
        raise UserError(f"--out {out}: --format {form} is written into a file NAME{suffixes[0]}.")
    stem = out.name[: -len(ending)] if known else out.name
    paths = [out.with_name(stem + suffix) for suffix in suffixes] if stem else [out]
    for path in paths:
        check_file(path, path.suffix, "--out")
        if path.suffix == SUFFIXES["markdown"] and figures_of(path).exists() and not figures_of(path).is_dir():
            raise UserError(f"--out {path}: its figures go into {figures_of(path)}, which is a file.")
    return paths


def figures_of(path: Path) -> Path:
    """Name the folder with the figures of a Markdown report."""
    return path.with_name(f"{path.stem}_figures")


def named_for(run: Run) -> str:
    """Name the report of a run where no name was given."""
    return f"{slug(str(run.name))[:60]}-{run.short_id}"
