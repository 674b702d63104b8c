"""Where an address may come from: the command line and the environment, and a file only where a user trusts it.

Whoever is connected to is sent something: an MLflow server the token of the environment, a Ray cluster the code and
what it needs to know. A folder of configurations from a stranger must not choose who that is.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from deeplab.errors import UserError

# The keys whose values are connected to, or say where is written.
ADDRESSES = ("tracking.uri", "launcher.address")
_TRUSTED = ContextVar("trusted", default=False)


@contextmanager
def trusting(files: bool) -> Iterator[None]:
    """For as long as the context lasts, take addresses from files, or do not, which is the rule without it."""
    token = _TRUSTED.set(files)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def trusts_files() -> bool:
    """Whether addresses are taken from files."""
    return _TRUSTED.get()


def check_addresses(
    values: Mapping[str, Any], given: Collection[str], place_of: Callable[[tuple[str, str]], str | None]
) -> None:
    """Refuse an address that a user's configuration folder brings.

    Args:
        given: keys that the command line sets; a choice of a file is none.
        place_of: where in the user's files a value stands, or None where it is from elsewhere.
    """
    for address in ADDRESSES:
        group, _, key = address.partition(".")
        value = values.get(group, {}).get(key)
        # No file of ours has an address: what was not said on the command line was brought, in whatever way.
        if value is not None and not {address, group} & set(given) and not trusts_files():
            raise _refused(address, value, place_of((group, key)) or "The folder of --config-dir")


def check_overrides(overrides: Sequence[str], where: str) -> None:
    """Refuse an address among overrides that a file brings, unless files are trusted."""
    for text in overrides:
        key, _, value = text.partition("=")
        if key.strip().lstrip("+") in ADDRESSES and not trusts_files():
            raise _refused(key.strip().lstrip("+"), value, where)


def _refused(address: str, value: object, where: str) -> UserError:
    return UserError(
        f"{where}: {address} is '{value}', and an address is not taken from a file, since what is sent there may be "
        f"secret. Give {address}=... on the command line, or --trust-config if you know the files."
    )
