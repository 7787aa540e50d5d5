"""`report`: a study in one page. What its figures hold, and what the page is."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import multirestart as mr
from search.problem.configuration import Configuration
from search.problem.plan import Plan
from search.problem.plan_files import read_plan
from search.problem.rows import ConfigurationCounts
from search.problem.success import ESCAPED, SOLVED
from search.reports.figures.curves import curves_figure
from search.reports.figures.depends import shares_figure
from search.reports.figures.enough import enough_figure
from search.reports.figures.functions import functions_figure
from search.reports.figures.heat import heat_figure
from search.reports.figures.levels import levels_figure
from search.reports.figures.names import short_names
from search.reports.figures.rates import rates_figure
from search.reports.figures.style import COLOURS, DARK, LIGHT, themed
from search.reports.page_figures import figures
from search.statistics.effects import effects
from search.statistics.ranking import ranked
from search.studies.reporting import gather
from tests.conftest import Launched, run_command


def counts(configuration: Configuration, escaped: int, restarts: int) -> ConfigurationCounts:
    return ConfigurationCounts(
        configuration, 1, restarts, escaped, 0, 0, 10 * restarts, None, None, None, None
    )


FEW = Configuration("none", "sgd", 0.1)
MANY = Configuration("standard", "adam", 0.01)
STANDINGS = ranked([counts(FEW, 3, 4), counts(MANY, 600, 800)])


def test_the_forest_plot_holds_rates_with_their_intervals_in_the_order_of_the_ranking() -> None:
    found = rates_figure(STANDINGS, ESCAPED)
    first, second = found["data"]["values"]
    assert first["configuration"] == "standard/adam/0.01"
    assert (first["rate"], first["counts"]) == (0.75, "600 of 800")
    low, high = STANDINGS[1].success_rate.interval
    assert (second["low"], second["high"]) == (round(low, 5), round(high, 5))
    assert second["said"].startswith("none/sgd/0.1: 3 of 4, rate 0.750, 95% interval 0.301 to")
    assert found["layer"][0]["encoding"]["y"]["sort"] == ["standard/adam/0.01", "none/sgd/0.1"]


def test_few_restarts_are_marked_in_the_heat_map() -> None:
    found = heat_figure(STANDINGS, ESCAPED)
    assert found is not None
    rows = {row["cell"]: row["uncertain"] for row in found["data"]["values"]}
    assert rows == {"standard / adam": False, "none / sgd": True}


def test_what_else_is_varied_has_rows_of_its_own_in_the_heat_map() -> None:
    varied = [counts(Configuration("none", "sgd", 0.1, hidden=h), int(h), 2) for h in "12"]
    found = heat_figure(ranked(varied), ESCAPED)
    assert found is not None
    rows = {row["cell"]: row["counts"] for row in found["data"]["values"]}
    assert rows == {
        "none / sgd / hidden units 1": "1 of 2",
        "none / sgd / hidden units 2": "2 of 2",
    }


def test_a_range_of_learning_rates_is_pooled_in_bins_in_the_heat_map() -> None:
    drawn = [(0.001, 1, 4), (0.003, 2, 6), (0.9, 3, 3), (1.0, 1, 3)]
    some = [counts(Configuration("none", "sgd", rate), k, n) for rate, k, n in drawn]
    found = heat_figure(ranked(some), ESCAPED, mr.LogRange(0.001, 1.0))
    assert found is not None
    rows = {row["learning rate"]: row["counts"] for row in found["data"]["values"]}
    assert rows == {"0.001-0.00316": "3 of 10", "0.316-1": "4 of 6"}
    first = next(row for row in found["data"]["values"] if row["counts"] == "3 of 10")
    assert first["said"].startswith(
        "none / sgd / 0.001-0.00316: 3 of 10 restarts of 2 configurations escaped, rate 0.300"
    )
    many = [counts(Configuration("none", "sgd", rate / 100), 1, 2) for rate in range(1, 14)]
    assert heat_figure(ranked(many), ESCAPED) is None


def test_names_are_short_where_that_tells_them_apart() -> None:
    some = [Configuration("none", "sgd", rate) for rate in (0.123456, 0.2)]
    assert short_names(some) == ["none/sgd/0.1235", "none/sgd/0.2"]
    near = Configuration("none", "sgd", 0.123457)
    assert short_names([*some, near])[0] == "none/sgd/0.123456"


def test_shares_stand_by_size_and_interactions_last() -> None:
    found = shares_figure({"scaling": 0.1, "interactions": 0.5, "optimizer": 0.4}, ESCAPED)
    assert [row["factor"] for row in found["data"]["values"]] == [
        "optimizer",
        "scaling",
        "interactions",
    ]


def test_curves_and_functions_are_those_of_the_study(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    report = gather(study)
    best = report.standings[0].configuration
    found = curves_figure(report.timings, study.problem.epochs, ESCAPED)
    curve = next(one for one in study.times() if one.configuration == best).curve
    rows = [
        row
        for row in found["vconcat"][0]["data"]["values"]
        if row["configuration"] == report.timings[0].name
    ]
    at = np.array([row["epoch"] for row in rows])
    assert [row["left"] for row in rows] == np.round(curve.evaluate(at), 4).tolist()
    told = found["vconcat"][0]["layer"][2]["data"]["values"]
    assert told[0]["said"] == (
        f"{report.timings[0].name}: by epoch 0, 64 of 64 not yet escaped, 1.000 (1.000 to 1.000)"
    )
    assert {(row["epoch"], row["left"]) for row in told[: len(told) // 6]} <= {
        (row["epoch"], row["left"]) for row in rows
    }
    left = found["vconcat"][1]["data"]["values"]
    assert left[0]["left"] == report.standings[0].counts.restarts
    drawn = functions_figure(report.endings, study.problem)
    assert drawn is not None
    panel = drawn["concat"][0]
    assert panel["title"]["text"] == [
        report.endings[0].name,
        f"{report.endings[0].basin.share} restarts",
    ]
    values = panel["layer"][1]["data"]["values"]
    typical = report.endings[0].typical
    assert typical is not None
    expected = typical.answer(np.linspace(0.0, 30.0, 160)[:, None])
    assert [row["p"] for row in values] == np.round(expected, 4).tolist()
    # The two hidden units, by hand: x standardised, 1 / (1 + exp(-(w x + b))).
    units = panel["layer"][0]["data"]["values"]
    configuration, weights = report.endings[0].configuration, typical.weights.astype(float)
    assert configuration.scaling == "standard"
    column = study.problem.data.features[:, 0]
    x = (np.linspace(0.0, 30.0, 160) - column.mean()) / column.std()
    for unit in (1, 2):
        told = [row["h"] for row in units if row["unit"] == unit]
        by_hand = 1 / (1 + np.exp(-(weights[unit - 1] * x + weights[1 + unit])))
        assert np.allclose(told, by_hand, atol=1e-4)


def test_a_theme_colours_what_is_named_by_ink_and_paper() -> None:
    found = themed({"mark": {"color": "@ink"}, "stroke": ["@paper", "red", COLOURS[1]]}, DARK)
    assert found["mark"] == {"color": DARK.ink}
    assert found["stroke"] == [DARK.paper, "red", DARK.colours[1]]
    assert found["config"]["background"] == DARK.paper != LIGHT.paper


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, "contrast ratio": from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_and_colours_have_contrast_by_day_and_by_night() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    for theme in (LIGHT, DARK):
        assert contrast(theme.ink, theme.paper) > 7
        assert all(contrast(colour, theme.paper) > 3 for colour in theme.colours[:3])
        assert contrast(theme.ink, theme.low) > 7
    assert all(contrast(colour, DARK.paper) > 5 for colour in DARK.colours)
    assert contrast("#ffffff", COLOURS[0]) > 4.5  # of a cell of the heat map at a rate of 1


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_loads_nothing_and_is_the_same_again(launched: Launched, tmp_path: Path) -> None:
    storage = ("--storage", launched.url)
    for name in ("one.html", "two.html"):
        assert run_command("report", *storage, "-o", name, cwd=tmp_path).stdout == f"{name}\n"
    page = (tmp_path / "one.html").read_text()
    assert page == (tmp_path / "two.html").read_text()
    assert len(page) < 1.5e6
    tags = Tags()
    tags.feed(page)
    loads = {"src", "srcset", "data", "action"}
    assert not [tag for tag, given in tags.found if loads & set(given)]
    links = [
        given["href"]
        for tag, given in tags.found
        if tag in ("a", "link", "image", "use") and "href" in given
    ]
    assert all(link is not None and link.startswith("#") for link in links)
    assert not re.search(r"url\((?!#)|@import|fetch\(|XMLHttpRequest", page)
    best = mr.open_study(launched.url).best()[0]
    assert f"{best.configuration} is ranked first: {best.escape_rate} restarts escaped" in page
    assert page.count('class="scroll light"') == page.count('class="scroll dark"') == 7
    names = [given["id"] for _, given in tags.found if given.get("id")]
    assert len(set(names)) == len(names)


def test_names_from_people_are_text_in_the_page(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(
        "<b>x</b>,class\n" + "".join(f"{n},{'<i>a' if n % 3 else 'b&'}\n" for n in range(12))
    )
    launch = (
        "launch",
        "--data",
        "points.csv",
        "--target",
        "class",
        "--study",
        "<script>alert(1)</script>",
    )
    run_command(*launch, "--trials", "1", "--restarts", "4", cwd=tmp_path, pretend=0)
    file = run_command("report", "-o", "page.html", cwd=tmp_path).stdout.strip()
    page = (tmp_path / file).read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<i>a" not in page


def test_markdown_and_figures_are_files(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--format", "md", "--success", "solved")
    run_command("report", *options, "-o", "s.md", "--figures", "drawn", cwd=tmp_path)
    text = (tmp_path / "s.md").read_text()
    names = [one.name for one in figures(gather(mr.open_study(launched.url), SOLVED))]
    for name in names:
        assert f"](drawn/{name}.svg)" in text
        assert (tmp_path / f"drawn/{name}.svg").read_text().startswith("<svg")
        assert (tmp_path / f"drawn/{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "--success solved" in text


def test_the_plan_of_the_page_is_that_of_the_study(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "--format", "md", "-o", "s.md")
    run_command("report", *options, cwd=tmp_path)
    text = (tmp_path / "s.md").read_text()
    (tmp_path / "plan.toml").write_text(text.partition("```toml\n")[2].partition("```")[0])
    study = mr.open_study(launched.url)
    assert read_plan(tmp_path / "plan.toml").plan() == Plan.from_record(study.name, study.record)
    assert f"multirestart reference --study {study.name} --storage {launched.url} --trial" in text


def test_what_cannot_be_written_is_one_line(launched: Launched, tmp_path: Path) -> None:
    options = ("--storage", launched.url, "-o", "no/such/folder.html")
    failed = run_command("report", *options, cwd=tmp_path, code=2)
    assert (
        failed.stderr
        == "multirestart: cannot write no/such/folder.html: No such file or directory\n"
    )


@pytest.mark.slow
def test_three_features_are_drawn_in_the_plane_of_their_principal_components(
    tmp_path: Path,
) -> None:
    rows = "".join(f"{n},{n % 7},{n % 5},{n % 2}\n" for n in range(40))
    (tmp_path / "three.csv").write_text("a,b,c,class\n" + rows)
    launch = ("launch", "--data", "three.csv", "--target", "class", "--learning-rate", "0.001:1")
    run_command(*launch, "--trials", "3", "--restarts", "4", cwd=tmp_path, pretend=0)
    report = gather(mr.open_study(f"sqlite:///{tmp_path / 'multirestart.db'}"))
    found = figures(report)
    assert [one.name for one in found] == [
        *("rates", "grid", "curves", "enough", "functions"),
        "levels",
    ]
    assert "first two principal components" in found[4].reading


def test_chances_of_at_least_one_escape_are_those_of_independent_restarts() -> None:
    found = enough_figure(STANDINGS, ESCAPED)
    assert found is not None
    rows = found["layer"][1]["data"]["values"]
    of_best = [row["chance"] for row in rows if row["configuration"] == "standard/adam/0.01"]
    assert of_best[:3] == [0.75, 0.9375, round(1 - 0.25**3, 5)]
    assert len(of_best) == 10
    assert enough_figure(ranked([counts(FEW, 0, 4)]), ESCAPED) is None


def test_each_value_has_the_mean_of_its_rates_with_the_restarts_it_rests_on() -> None:
    some = [
        counts(Configuration(scaling, "sgd", 0.1), escaped, 10)
        for scaling, escaped in (("none", 2), ("standard", 8))
    ]
    space = mr.SearchSpace(("none", "standard"), ("sgd",), (0.1,))
    found = levels_figure(effects(some, space))
    assert found is not None
    rows = {row["label"]: (row["rate"], row["counts"]) for row in found["data"]["values"]}
    assert rows == {
        "scaling none": (0.2, "2 of 10"),
        "scaling standard": (0.8, "8 of 10"),
        "optimizer sgd": (0.5, "10 of 20"),
        "learning rate 0.1": (0.5, "10 of 20"),
    }
