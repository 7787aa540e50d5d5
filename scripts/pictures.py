"""README's four pictures, drawn from a run: the plateau, scaling, escape rates, enough restarts.

    python scripts/pictures.py                               # launches the default study, and draws
    python scripts/pictures.py --storage sqlite:///bands.db  # goes on with one that is there

Restarts are the same wherever they are trained. Which configurations get more of them depends on
the order in which trials end, so counts can differ a little from one launch to the next.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import multirestart as mr
from search.problem.naming import find_configuration
from search.problem.success import ESCAPED
from search.reports.figures.curves import curves_figure
from search.reports.figures.drawing import to_svg
from search.reports.figures.enough import enough_figure
from search.reports.figures.learning import learning_figure
from search.reports.figures.rates import rates_figure
from search.reports.figures.style import LIGHT, WIDTH
from search.statistics.timing import Timing
from search.studies.learning import learning
from search.studies.study import Study

PLATEAU = ("none/sgd/0.01", "standard/adam/0.1")
_WIDE = 330
SCALED = ("none/adam/0.01", "standard/adam/0.01")


def main() -> None:
    """Draw them into docs/images, and print their names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--storage", help="database of the study  [default: one that is removed]")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "images", help="folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        storage = given.storage or f"sqlite:///{folder}/bands.db"
        study = mr.launch(mr.Plan(name="bands"), storage=storage)
        given.into.mkdir(parents=True, exist_ok=True)
        for name, figure in pictures(study).items():
            file = given.into / f"{name}.svg"
            drawn = to_svg(narrowed(figure), LIGHT, name)
            file.write_text(f"{drawn}\n", encoding="utf-8")
            print(file)


def pictures(study: Study) -> dict[str, dict[str, Any]]:
    """The four, by name.

    Args:
        study: One of the source problem that has all configurations of the default space.
    """
    standings, problem = study.best(), study.problem
    known = [one.configuration for one in standings]
    told = [
        next(one for one in standings if one.configuration == find_configuration(name, known))
        for name in PLATEAU
    ]
    enough = enough_figure(standings, ESCAPED)
    assert enough is not None, "something escapes"
    curves = curves_figure(named(study.times(), SCALED), problem.epochs, ESCAPED)
    return {
        "plateau": learning_figure(learning(study, told, ESCAPED), problem, ESCAPED),
        "scaling": curves,
        "rates": rates_figure(standings, ESCAPED),
        "enough": enough,
    }


def narrowed(figure: Any) -> Any:
    """A figure, or a part of one, as wide as half a page."""
    if isinstance(figure, dict):
        made = {key: narrowed(part) for key, part in figure.items()}
        return made | {"width": _WIDE} if made.get("width") == WIDTH else made
    return [narrowed(part) for part in figure] if isinstance(figure, list) else figure


def named(timings: Sequence[Timing], names: Sequence[str]) -> list[Timing]:
    """Those of some configurations, in the order of the names."""
    by_name = {timing.name: timing for timing in timings}
    return [by_name[name] for name in names]


if __name__ == "__main__":
    main()
