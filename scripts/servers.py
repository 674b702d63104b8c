#!/usr/bin/env python3
"""Start PostgreSQL, an S3 server and an MLflow server on both, and try on them what a shared store is for.

All of them listen on 127.0.0.1, keep everything in a temporary folder, and end with this script. PostgreSQL is Debian's
(`apt install postgresql`), the others come with `pip install 'moto[server]' psycopg2-binary boto3`. Each try is an
experiment of its own, with real trainings in processes of their own; a table says what happened. With --page it is
written into docs/servers.md, too.

scripts/servers.py [--only NAME,...] [--page] [--keep]
"""

import argparse
import contextlib
import signal
import sys
import time
from pathlib import Path

from serving.person import Person
from serving.servers import Servers
from serving.tries import TRIES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "servers.md"
BEGINS, ENDS = "<!-- written by scripts/servers.py -->\n", "<!-- end -->\n"


def main() -> None:
    """Carry out the tries, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of some tries: " + ", ".join(each.__name__ for each in TRIES))
    parser.add_argument("--page", action="store_true", help="write the table into docs/servers.md")
    parser.add_argument("--keep", action="store_true", help="try nothing; keep the servers until Ctrl-C")
    options = parser.parse_args()
    only = [name for name in options.only.split(",") if name]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the servers end, too
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, also by what is started
    with contextlib.closing(Servers()) as servers:
        print(f"MLflow at {servers.address}, its database at {servers.database}", flush=True)
        if options.keep:
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(1e9)
            return
        bad = 0
        for attempt in TRIES:
            name = attempt.__name__
            if only and name not in only:
                continue
            began = time.monotonic()
            try:
                outcome = attempt(servers, Person(servers.folder / name, name, servers.address))
            except AssertionError as error:
                outcome, bad = f"WRONG: {error}", bad + 1
            if options.page:
                write_page({name: in_a_cell(outcome, servers)})
            print(f"{name} ({time.monotonic() - began:.0f} s): {outcome}", flush=True)
    sys.exit(bool(bad))


def write_page(outcomes: dict[str, str]) -> None:
    """Write what happened into the page; what was not tried this time keeps its line."""
    before, _, rest = PAGE.read_text().partition(BEGINS)
    old, _, after = rest.partition(ENDS)
    lines = {line.split(" | ")[0]: line for line in old.splitlines()}
    table = []
    for attempt in TRIES:
        head = f"| {(attempt.__doc__ or '').strip()}"
        if attempt.__name__ in outcomes:
            lines[head] = f"{head} | {outcomes[attempt.__name__]} |"
        table += [lines[head]] if head in lines else []
    PAGE.write_text("\n".join([before + BEGINS + "| tried | what happened |", "|---|---|", *table, ENDS + after]))


def in_a_cell(text: str, servers: Servers) -> str:
    """An outcome as a cell of a table, without what is another each time."""
    text = text.replace(servers.address, "http://server:5000").replace(str(servers.folder), "FOLDER")
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
