"""How a run shows that a process writes it."""

import time

STALE_SECONDS = 60.0  # without one for so long, its process is gone


def now() -> str:
    """Seconds since 1970, as a heartbeat tells them."""
    return str(int(time.time()))
