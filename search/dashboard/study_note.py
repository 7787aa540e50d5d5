"""The note on a published study: question, answer, ranking, and how to read Optuna's plots."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from search.dashboard.notes import plain
from search.problem.dimensions import factor_words
from search.problem.names import several, share_text
from search.problem.naming import configuration_name
from search.problem.plan import Plan
from search.problem.problem import Problem
from search.problem.success import SOLVED, Success, sought_by
from search.reports.tables import describe, interval, needed
from search.statistics.effects import INTERACTIONS, Effects
from search.statistics.ranking import Standing

MOST_ROWS = 20
"""Configurations that the note ranks; a range of learning rates has as many as trials."""


def study_note(
    plan: Plan, settled: int, standings: Sequence[Standing], effects: Effects | None
) -> str:
    """What the note says, as Markdown.

    Args:
        plan: The study's plan.
        settled: Its trials that are complete or given up.
        standings: All its configurations, ranked by what the plan seeks.
        effects: What the rate depends on; None if that is not known yet.
    """
    success = sought_by(plan.objective)
    does = "solve the problem" if success == SOLVED else "escape the plateau"
    parts = [
        f"## How often does each configuration {does}?",
        _question(plan, success),
        *(_answer(plan, settled, standings) if standings else ["No trial is complete yet."]),
        *(_ranking(standings, success) if standings else []),
        *(_depends(effects, success) if effects is not None else []),
        "### How to read Optuna's plots here",
        _plots(success),
        "### Where the rest is",
        _commands(plan),
    ]
    return "\n\n".join(parts)


def _question(plan: Plan, success: Success) -> str:
    problem = plan.problem
    held = plain(describe(problem, plan.space.vary))
    return (
        f"Data {plain(problem.data.name)}; {held}. {_criterion(problem, success)} Each trial "
        f"trains one configuration from {plan.restarts} initialization seeds."
    )


def _criterion(problem: Problem, success: Success) -> str:
    if success == SOLVED:
        return (
            "A restart has solved the problem if its accuracy on all points, under the final "
            f"weights, is at least {problem.solved_at:g}."
        )
    return (
        "A restart has escaped if its accuracy on all points, under the final weights, exceeds "
        f"{share_text(problem.data.plateau, 4)}, that of the best constant answer, by more than "
        f"{problem.margin:g}."
    )


def _answer(plan: Plan, settled: int, standings: Sequence[Standing]) -> list[str]:
    best, last = standings[0], standings[-1]
    rate = best.success_rate
    answer = f"**{_named(best)} is ranked first: {rate} restarts {best.success.past}**, "
    answer += f"a rate of {share_text(rate.rate)} (95% interval {interval(rate)})."
    if best.restarts_needed is not None:
        fewest, most = best.restarts_needed_interval
        ends = "" if fewest == most else f" ({fewest} to {most} by that interval)"
        plural = "s are" if best.restarts_needed > 1 else " is"
        answer += (
            f" For a 99% chance of at least one {best.success.noun}, {best.restarts_needed} "
            f"restart{plural} enough{ends}."
        )
    if last is not best:
        answer += (
            f" Ranked last, {_named(last)}: {last.success_rate} ({interval(last.success_rate)})."
        )
    total = sum(standing.counts.restarts for standing in standings)
    counted = (
        f"Counted are {several(total, 'restart')} of {several(len(standings), 'configuration')}"
    )
    if settled < plan.trials:
        counted += f", as {settled} of {plan.trials} trials are settled"
    return [answer, f"{counted}."]


def _ranking(standings: Sequence[Standing], success: Success) -> list[str]:
    past = success.past
    shown = standings[:MOST_ROWS]
    lines = [
        f"| | configuration | {past} | rate | 95% interval | restarts needed for 99% | diverged |",
        "| --: | :-- | --: | --: | :-- | :-- | --: |",
        *(
            f"| {place} | {_named(one)} | {one.success_rate} | "
            f"{share_text(one.success_rate.rate)} | {interval(one.success_rate)} | "
            f"{needed(one)} | {one.counts.diverged} |"
            for place, one in enumerate(shown, 1)
        ),
    ]
    note = (
        "Trials of one configuration are pooled. The order is that of the interval's lower end: a "
        'high rate of few restarts does not win by luck, and "0 of 256" is not "never".'
    )
    if len(standings) > len(shown):
        note += f" {len(standings) - len(shown)} more configurations: `multirestart best`."
    return ["\n".join(lines), note]


def _depends(effects: Effects, success: Success) -> list[str]:
    heading = f"### What the {success.rate} depends on"
    if effects.shares is None:
        why = effects.imbalance or f"all configurations have one {success.rate}"
        return [
            heading,
            f"There are no exact shares: {plain(why)}. `multirestart effects` tells each value as "
            "it was tried.",
        ]
    lines = ["| | share of the variation |", "| :-- | --: |"]
    lines += [
        f"| {factor_words(factor)} | {share:.2f} |"
        for factor, share in sorted(
            effects.shares.items(), key=lambda item: (item[0] == INTERACTIONS, -item[1])
        )
    ]
    return [heading, "\n".join(lines), "Exact, for all combinations were tried."]


def _plots(success: Success) -> str:
    return "\n".join(
        [
            f"- **A point is a trial**: the {success.rate} of one block of restarts. *Best Trial* "
            "and the line of *History* are the luckiest of many blocks, so their rate flatters "
            "itself; the table above pools all blocks of a configuration.",
            "- **Hyperparameter Importance** tells in which values the best tenth of the trials "
            "differs from all trials. So it depends on how often the sampler tried a value, and a "
            "value that matters little can stand first. It knows neither how many restarts a trial "
            "has nor interactions. `multirestart effects` and `multirestart report` do.",
            "- **seed** is the first seed of a trial's block. It is drawn, not searched, and is no "
            "hyperparameter: no plot says anything by it.",
            "- **Contour** and **Slice** show trials by one or two parameters, whatever the others "
            "were, and *Contour* draws colours between names, where nothing is.",
            "- The plots with intervals on the study's page are multirestart's own, of pooled "
            "restarts.",
        ]
    )


def _commands(plan: Plan) -> str:
    study = shlex.quote(plan.name)
    width = max(len(name) for name, _ in _COMMANDS) + len(study) + 9
    lines = [
        f"multirestart {f'{name} --study {study}':<{width}}  # {what}" for name, what in _COMMANDS
    ]
    return "\n".join(["```sh", *lines, "```"])


_COMMANDS = (
    ("best", "the ranking, by any criterion"),
    ("effects", "what the rate depends on"),
    ("times", "how soon restarts escape, and when to give one up"),
    ("basins", "where the restarts ended, and what they compute"),
    ("report", "all of it in one page, with figures"),
)


def _named(standing: Standing) -> str:
    return f"`{configuration_name(standing.configuration)}`"
