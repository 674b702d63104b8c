"""docs/commands.md is what the program says of itself now."""

from tests.conftest import ROOT, script_module


def test_the_page_of_commands_is_current() -> None:
    module = script_module("commands_page")
    kept = (ROOT / "docs" / "commands.md").read_text()
    assert kept == module.page(), "write it anew: python scripts/commands_page.py"
    assert kept.count("\n## ") == 28
    assert "    deeplab train model=cnn_dropout dataset=mnist training.epochs=3\n" in kept
