"""docs/commands.md is what the program says of itself now."""

import importlib.util

from tests.conftest import ROOT


def test_the_page_of_commands_is_current() -> None:
    spec = importlib.util.spec_from_file_location("commands_page", ROOT / "scripts" / "commands_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = (ROOT / "docs" / "commands.md").read_text()
    assert kept == module.page(), "write it anew: python scripts/commands_page.py"
    assert kept.count("\n## ") == 27
    assert "    deeplab train model=cnn_dropout dataset=mnist training.epochs=3\n" in kept
