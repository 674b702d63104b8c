"""What a stranger's store calls things is text in a notebook, never HTML; and never a traceback where it is shown."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import deeplab
from deeplab.api.verified import Verified
from deeplab.config.schema import TrackingConfig
from deeplab.sweep.grid import Axis
from deeplab.sweep.results.summary import TrialScores, summarise
from deeplab.sweep.results.tables import points_table, trials_table
from deeplab.tracking.run_log import RunLog
from deeplab.tracking.store import Store, open_store

HOSTILE = (
    "<script>alert(1)</script>",
    "\"></code></td></table><iframe src=//evil><img src=x onerror=alert(1)>'",
    "a\x1b[31m\x07\u202egnp.js {{7*7}} $\\href{javascript:alert(1)}{x}$ &lt;b&gt;",
)
TAGS = {
    "data",
    "span",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "p",
    "div",
    "dl",
    "dt",
    "dd",
    "strong",
}


class Tags(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def check(page: str, has: str) -> None:
    """Check that a page has nothing but our elements, no event handler, and shows what it is about."""
    tags = Tags(page)
    assert tags.seen <= TAGS, tags.seen - TAGS
    assert tags.attributes <= {"class", "scope", "value", "tabindex", "role", "aria-label"}, tags.attributes
    assert not any(each in page for each in "\x1b\x07\u202e")
    assert has in page


@pytest.fixture
def store(folder: Path) -> Store:
    return open_store(TrackingConfig(None, "deeplab", "all", "all"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_run_a_sweep_and_runs_show_names_as_text(name: str, store: Store) -> None:
    settings = {"sweep": {"metric": "val/accuracy"}, "model": {"name": name}, "dataset": {"kind": name}}
    axes, settled = [Axis(f"model.{name}", (name, "b"))], [{f"model.{name}": value} for value in (name, "b")]
    tags = {"deeplab.kind": "sweep", "deeplab.best_point": name, "mlflow.note.content": name}
    with RunLog.begin(store, name, settings, tags, None) as parent:
        trials = []
        for point in (0, 1):
            mine = {"deeplab.kind": "trial", "mlflow.parentRunId": parent.run_id, "deeplab.point": str(point)}
            with RunLog.begin(store, name, settings, {**mine, "deeplab.error": name}, None) as log:
                log.metrics(1, {"validation/accuracy": 0.5, "time/training_seconds": 1.5})
                log.end("FINISHED")
            trials.append(TrialScores(point, 0, log.run_id, {"val/accuracy": 0.5 - point / 4}, 1.5))
        summary = summarise(settled, trials, "val/accuracy", 1)
        parent.log_text("points.csv", points_table(axes, summary))
        parent.log_text("trials.csv", trials_table(axes, summary))
        parent.end("FINISHED")
    sweep = deeplab.load(parent.run_id)
    assert isinstance(sweep, deeplab.Sweep)
    assert not any(each in f"{sweep!r}{sweep.trials!r}" for each in "\x1b\x07\u202e")
    check(sweep._repr_html_(), "Best by mean validation accuracy")
    check(sweep.trials[0]._repr_html_(), "Run ")
    check(deeplab.runs(trials=True)._repr_html_(), parent.run_id[:8])
    finding = SimpleNamespace(what=name, outcome=name, detail=name)
    verdict = SimpleNamespace(run=SimpleNamespace(name=name, id=name), findings=[finding])
    done: Any = SimpleNamespace(outcome=name, seed=1, trained=1, epochs=2, verdicts=[verdict], study=verdict.findings)
    verified = Verified(name, done)
    assert "\x1b" not in repr(verified)
    check(verified._repr_html_(), "epochs trained again")
    with pytest.raises(deeplab.UserError, match="has no figures") as raised:
        sweep.figure()
    assert "\x1b" not in str(raised.value)


def decision(name: str) -> dict[str, Any]:
    point = {"name": name, "seeds": 3, "scores": {"0": 0.5, "1": 0.6, "2": 0.7}}
    pair = {"first": name, "second": name, "seeds": 3, "interval": None, "verdict": name}
    return {"metric": name, "margin": 0.0, "trainings": 2, "seconds": 1.0, "points": [point], "pairs": [pair]}


def explanation(name: str) -> dict[str, Any]:
    share = {"name": name, "gain": 0.1, "interval": None, "verdict": name}
    shares = {"whole": share, "shares": [share], "interactions": [share]}
    return {"metric": name, "names": [name, name], "trainings": 2, "seconds": 1.0, **shares}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    ("tag", "file", "values"),
    [
        ("deeplab.margin", "decision.json", decision),
        ("deeplab.confirms", "confirmation.json", decision),
        ("deeplab.why", "why.json", explanation),
    ],
)
def test_what_is_known_is_shown_as_text(
    tag: str, file: str, values: Callable[[str], dict[str, Any]], name: str, store: Store
) -> None:
    tags = {"deeplab.kind": "sweep", tag: "0"}
    with RunLog.begin(store, name, {"sweep": {"metric": "val/accuracy"}}, tags, None) as log:
        log.log_text(file, json.dumps({"sentence": name, "decided": False, **values(name)}))
        log.end("FINISHED")
    found = deeplab.load(log.run_id)
    assert isinstance(found, deeplab.Decision | deeplab.Explanation)
    assert found.sentence == name
    check(found._repr_html_(), "verdict")


def test_a_sweep_by_a_score_of_ones_own_is_shown_without_its_file(store: Store) -> None:
    tags = {"deeplab.kind": "sweep", "deeplab.code_sha256": "0" * 64, "deeplab.code_file": "mine.py"}
    with RunLog.begin(store, "own", {"sweep": {"metric": "val/sure"}}, tags, None) as log:
        log.end("FINISHED")
    found = deeplab.load(log.run_id)
    assert isinstance(found, deeplab.Sweep)
    line = r"code='FILE' gives consent to run that file"
    check(found._repr_html_(), line.replace("'", "&#39;"))
    for read in (lambda: found.table, lambda: found.best):
        with pytest.raises(deeplab.UserError, match=line):
            read()
