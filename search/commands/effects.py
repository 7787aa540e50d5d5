"""The command `effects`: what the escape rate depends on."""

from __future__ import annotations

import click

from search.commands.options import format_option, opened, storage_option, study_option
from search.commands.reading import write
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table
from search.reports.tables import describe, or_dash
from search.statistics.effects import EFFECTS_KEYS, FOREST_SEED, Effects

_COLUMNS = (
    Column("\nfactor", importance=NEVER_LEFT_OUT),
    Column("share of variation\n(fANOVA)", right=True, importance=NEVER_LEFT_OUT),
    Column("share of variation\n(exact)", right=True, importance=8),
    Column("\nvalue", right=True, importance=NEVER_LEFT_OUT),
    Column("\nescaped", right=True, importance=NEVER_LEFT_OUT),
    Column("\nrate", right=True, importance=7),
    Column("95%\ninterval", importance=6),
    Column("\neffect", right=True, importance=NEVER_LEFT_OUT),
)


@click.command()
@study_option
@storage_option
@format_option
def effects(study: str | None, storage: str, output: str) -> None:
    """How much of the variation in escape rate comes from scaling, optimizer and learning rate.

    And the effect of each value with the rest averaged, if every combination has been tried with
    equally many restarts, as --sampler grid does.

    \b
    multirestart effects --format csv
    """
    of = opened(storage, study)
    found = of.effects()
    if output == "table":
        _show(f"{of.name}: {describe(of.problem)}", found)
    else:
        write(output, EFFECTS_KEYS, found.to_json())


def _show(title: str, found: Effects) -> None:
    columns = _COLUMNS if found.levels else _COLUMNS[:2]
    rows, before = [], ""
    for row in found.to_json():
        cells = [""] * 3
        if row["factor"] != before:
            shares = (or_dash(row[name], ".2f") for name in ("importance", "share"))
            cells = [row["factor"].replace("_", " "), *shares]
        before = row["factor"]
        if row["restarts"] is None:
            cells += [""] * 5
        else:
            value = row["value"]
            cells += [
                value if isinstance(value, str) else f"{value:.4g}",
                f"{row['escaped']} of {row['restarts']}",
                f"{row['escape_rate']:.3f}",
                f"{row['ci_low']:.3f}-{row['ci_high']:.3f}",
                f"{row['effect']:+.3f}",
            ]
        rows.append(cells[: len(columns)])
    show_table(title, columns, rows, *_notes(found))


def _notes(found: Effects) -> list[str]:
    basis = f"{found.configurations} configurations, {found.restarts} restarts"
    if found.importances is None:
        lines = [f"All have one escape rate ({basis}): there is no variation to explain."]
    else:
        lines = [
            f"Variation in escape rate over {basis}; fANOVA estimates it by a random forest (seed "
            f"{FOREST_SEED}), roughly where configurations are few."
        ]
    if found.noise is not None:
        lines.append(f"Counting finitely many restarts makes up {found.noise:.3f} of it.")
    if found.imbalance is not None:
        lines.append(found.imbalance[0].upper() + found.imbalance[1:] + ".")
        lines.append("So the effect of one value is not told: others could be mixed into it.")
    else:
        lines.append("Balanced: each value is met by all combinations of the rest, equally often.")
    return lines
