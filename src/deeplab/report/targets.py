"""Which files a report becomes: checked before anything is read."""

from pathlib import Path

from deeplab.errors import UserError
from deeplab.files import check_file
from deeplab.report.page import slug
from deeplab.tracking.run import Run

SUFFIXES = {"html": ".html", "markdown": ".md"}
FORMATS = (*SUFFIXES, "both")


def output_paths(out: Path, wanted: str | None) -> list[Path]:
    """The files that a report becomes.

    Args:
        out: as it was given: `.html`, `.md`, or without such an ending.
        wanted: one of FORMATS, or None to go by the ending.

    Raises:
        UserError: one cannot be written, or the format is none.
    """
    if wanted is not None and wanted not in FORMATS:
        raise UserError(f"--format {wanted}: must be one of {', '.join(FORMATS)}.")
    ending = out.suffix.lower()
    known = ending in SUFFIXES.values()
    if wanted is None and ending and not known:
        raise UserError(f"--out {out}: its name must end in {' or '.join(SUFFIXES.values())}.")
    if wanted is None:
        suffixes = [ending if known else SUFFIXES["html"]]
    else:
        suffixes = list(SUFFIXES.values()) if wanted == "both" else [SUFFIXES[wanted]]
    if known and wanted != "both" and ending not in suffixes:
        raise UserError(f"--out {out}: --format {wanted} is written into a file NAME{suffixes[0]}.")
    stem = out.name[: -len(ending)] if known else out.name
    found = [out.with_name(stem + suffix) for suffix in suffixes] if stem else [out]
    for path in found:
        check_file(path, path.suffix, "--out")
        if path.suffix == SUFFIXES["markdown"] and figures_of(path).exists() and not figures_of(path).is_dir():
            raise UserError(f"--out {path}: its figures go into {figures_of(path)}, which is a file.")
    return found


def figures_of(path: Path) -> Path:
    """The folder with the figures of a Markdown report."""
    return path.with_name(f"{path.stem}_figures")


def named_for(run: Run) -> str:
    """What the report of a run is called where nothing was said about it."""
    return f"{slug(str(run.name))[:60]}-{run.short_id}"
