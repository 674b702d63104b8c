"""Where a run comes from: the commit of the working directory and the versions of what is installed."""

import re
import subprocess
from importlib.metadata import Distribution, distributions

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
    versions = dict(filter(None, map(_name_and_version, distributions())))
    return "".join(f"{name}=={versions[name]}\n" for name in sorted(versions, key=str.lower))


def _name_and_version(package: Distribution) -> tuple[str, str] | None:
    """From the head of its metadata; to parse all that a package says of itself takes thirty times as long.

    Source: Core metadata specifications, https://packaging.python.org/en/latest/specifications/core-metadata/.
    """
    head = (package.read_text("METADATA") or package.read_text("PKG-INFO") or "").partition("\n\n")[0]
    name, version = (re.search(rf"^{key}:[ \t]*(\S.*?)[ \t\r]*$", head, re.MULTILINE) for key in ("Name", "Version"))
    return (name[1], version[1]) if name and version else None


def _git(*arguments: str) -> str | None:
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
