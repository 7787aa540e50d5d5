from __future__ import annotations

import subprocess
import sys

import pytest

from search.commands.lean import without_scikit_learn
from tests.conftest import ROOT, environment


def test_what_was_imported_before_stays() -> None:
    import sklearn

    with without_scikit_learn():
        assert sys.modules["sklearn"] is sklearn
    assert sys.modules["sklearn"] is sklearn


def test_what_was_not_can_be_imported_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    with without_scikit_learn(), pytest.raises(ImportError):
        import sklearn  # noqa: F401
    assert "sklearn" not in sys.modules


def test_notes_and_plots_need_no_scikit_learn() -> None:
    code = (
        "import sys\n"
        "from search.commands.lean import without_scikit_learn\n"
        "with without_scikit_learn():\n"
        "    import search.dashboard.publisher, optuna_dashboard, plotly.graph_objects\n"
        "print([name for name in sys.modules if name.startswith('sklearn')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == "[]"
