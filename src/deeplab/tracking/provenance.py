"""Where a run comes from: the commit of the working directory and the versions of what is installed."""

import subprocess
from importlib.metadata import distributions

from deeplab.tracking.tags import COMMIT_TAG, DIRTY_TAG

PACKAGES_FILE = "packages.txt"
DISTRIBUTION = "deeplab-experiments"  # what pip calls us; `deeplab` is another project on the public index


def git_tags() -> dict[str, str]:
    """The commit of the working directory and whether it had changes; empty outside a repository."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return {}
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {COMMIT_TAG: commit, DIRTY_TAG: str(bool(changes)).lower()}


def installed_packages() -> str:
    """Every installed package with its version, one a line as pip writes them."""
    found = {item.metadata["Name"]: item.version for item in distributions() if item.metadata["Name"]}
    return "".join(f"{name}=={found[name]}\n" for name in sorted(found, key=str.lower))


def _git(*arguments: str) -> str | None:
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
