"""What is shown of a race: its table, its rows under stable names, and its result in words."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from search.problem.names import share_text
from search.problem.success import Success
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.tables import interval
from search.statistics.escape import EscapeRate
from search.statistics.race_state import Contest, RaceEnd, RaceState

_COLUMNS = (
    Column("\nconfiguration", importance=NEVER_LEFT_OUT, leads=True),
    Column("first\nmeasured", right=True, importance=7),
    Column("\nrate", right=True, importance=8),
    Column("fresh\nseeds", right=True, importance=NEVER_LEFT_OUT),
    Column("\nrate", right=True, importance=NEVER_LEFT_OUT),
    Column("95%\ninterval", importance=NEVER_LEFT_OUT),
    Column("\nstatus", importance=NEVER_LEFT_OUT),
    Column("dropped\nin round", right=True, importance=6),
    Column("corrected\np", right=True, importance=5),
    Column("seeds that only\nit : rival {past}", right=True, importance=4),
    Column("\nrival", importance=3),
)

RACE_KEYS = (
    *("scaling", "optimizer", "learning_rate", "status"),
    *("first_escaped", "first_restarts", "first_rate"),
    *("fresh_escaped", "fresh_restarts", "fresh_rate", "ci_low", "ci_high"),
    *("dropped_in_round", "rival", "only_this", "only_rival", "common_seeds"),
    *("difference", "difference_ci_low", "difference_ci_high", "difference_confidence"),
    *("p", "corrected_p"),
)


def race_columns(success: Success) -> tuple[Column, ...]:
    """Columns of the table for people, one for each cell of `race_rows`."""
    past = success.past
    return tuple(replace(column, title=column.title.format(past=past)) for column in _COLUMNS)


def race_keys(success: Success) -> tuple[str, ...]:
    """The stable names of a race's rows, in order."""
    return tuple(_named(success, name) for name in RACE_KEYS)


def _named(success: Success, name: str) -> str:
    """A key of `RACE_KEYS` as rows of a race by a criterion have it."""
    return name if success.is_of_launch else name.replace("escaped", "successes")


def race_rows(state: RaceState) -> list[list[str]]:
    """Cells of the table, best first. The rival of those that remain is the leader."""
    return [_cells(state, index) for index in state.ranking]


def race_json(state: RaceState) -> list[dict[str, Any]]:
    """The rows of a race under their stable names, `race_keys`, best first.

    The fields from `rival` on are those of the comparison that a drop rests on or, for those that
    remain, of that with the leader; None for the leader. `difference` is the paired difference of
    the rates (this minus rival), `p` that it is not worse, one-sided, as is `corrected_p`.
    """
    success = state.rules.sought
    return [
        {_named(success, name): value for name, value in _row_json(state, index).items()}
        for index in state.ranking
    ]


def to_json(state: RaceState) -> dict[str, Any]:
    """The whole race: rules, how it stands, and its rows."""
    following = state.next_round
    return {
        **asdict(state.rules),
        "rounds_done": state.rounds_done,
        "restarts": state.restarts,
        "end": state.end.value if state.end else None,
        "next_round": following.number if following else None,
        "next_restarts": following.restarts if following else None,
        "statement": statement(state),
        "configurations": race_json(state),
    }


_PLACES = {
    None: "leads",
    RaceEnd.ONE_LEFT: "is best",
    RaceEnd.PRACTICALLY_SAME: "is as good as the best",
    RaceEnd.MAX_RESTARTS: "came out first",
}


def statement(state: RaceState) -> str:
    """How a race stands in a few sentences, one a line, each figure with what it rests on."""
    following = state.next_round
    sentences = []
    best, entrant = state.fresh[state.leader], state.entrants[state.leader]
    if best is not None:
        first = entrant.first_measured
        sentences.append(
            f"{entrant.name} {_PLACES[state.end]}: {best} fresh restarts "
            f"{state.rules.sought.past}, {share_text(best.rate)} "
            f"(95% interval {interval(best)}); first measured {first}, {share_text(first.rate)}"
        )
    beside = [
        _beside(state, index, contest)
        for index in state.not_distinguishable
        if state.end and (contest := state.contests[index])
    ]
    if beside:
        sentences.append(f"Not distinguishable from it: {', '.join(beside)}")
        sentences.append(
            f"The same restarts picked it among {len(state.remaining)}, so its rate may still "
            "flatter it"
        )
    dropped = len(state.entrants) - len(state.remaining)
    if dropped:
        sentences.append(
            f"{dropped} of {len(state.entrants)} configurations were dropped as clearly worse "
            f"(McNemar's exact test, corrected: the chance of any wrong drop in the whole race is "
            f"at most {state.rules.alpha:g})"
        )
    if following is None:
        sentences.append(f"The race is over: {state.why_over}")
    else:
        sentences.append(
            f"Round {following.number} needs {following.restarts} restarts of "
            f"{len(following.remaining)} configurations"
        )
    return "".join(f"{sentence}.\n" for sentence in sentences).rstrip()


def confirmation(rate: EscapeRate, past: str) -> str:
    """What the winner's rate on further seeds is.

    Args:
        rate: The rate.
        past: What restarts that are counted have done.
    """
    return (
        f"Measured again on {rate.restarts} further seeds, not used to select it: {rate} "
        f"{past}, {share_text(rate.rate)} (95% interval {interval(rate)})."
    )


def _beside(state: RaceState, index: int, contest: Contest) -> str:
    paired, confidence = contest.paired, state.rules.confidence
    low, high = paired.interval(confidence)
    return (
        f"{state.entrants[index].name} ({state.rules.sought.past} alone from {paired.only_this} of "
        f"{paired.restarts} seeds, the other from {paired.only_other}: difference "
        f"{paired.difference:+.4f}, {confidence:.1%} interval {low:+.4f} to {high:+.4f})"
    )


def _cells(state: RaceState, index: int) -> list[str]:
    entrant, fresh, drop = state.entrants[index], state.fresh[index], state.drops[index]
    contest = _contest(state, index)
    measured, compared = ["-"] * 3, ["-"] * 3
    if fresh is not None:
        measured = [str(fresh), share_text(fresh.rate), interval(fresh)]
    if contest is not None:
        compared = [
            f"{contest.corrected_p:.2g}",
            f"{contest.paired.only_this} : {contest.paired.only_other}",
            state.entrants[contest.rival].name,
        ]
    return [
        entrant.name,
        str(entrant.first_measured),
        share_text(entrant.first_measured.rate),
        *measured,
        _status(state, index),
        str(drop.round) if drop else "-",
        *compared,
    ]


def _row_json(state: RaceState, index: int) -> dict[str, Any]:
    entrant, fresh, drop = state.entrants[index], state.fresh[index], state.drops[index]
    contest = _contest(state, index)
    row: dict[str, Any] = {**dict.fromkeys(RACE_KEYS), **entrant.configuration.to_json()}
    row["status"] = _status(state, index)
    row["first_escaped"] = entrant.first_measured.escaped
    row["first_restarts"] = entrant.first_measured.restarts
    row["first_rate"] = entrant.first_measured.rate
    if fresh is not None:
        row["fresh_escaped"] = fresh.escaped
        row["fresh_restarts"] = fresh.restarts
        row["fresh_rate"] = fresh.rate
        row["ci_low"], row["ci_high"] = fresh.interval
    if drop is not None:
        row["dropped_in_round"] = drop.round
    if contest is not None:
        paired, confidence = contest.paired, state.rules.confidence
        row["rival"] = state.entrants[contest.rival].name
        row["only_this"], row["only_rival"] = paired.only_this, paired.only_other
        row["common_seeds"] = paired.restarts
        row["difference"] = paired.difference
        row["difference_ci_low"], row["difference_ci_high"] = paired.interval(confidence)
        row["difference_confidence"] = confidence
        row["p"], row["corrected_p"] = paired.p_not_worse, contest.corrected_p
    return row


def _contest(state: RaceState, index: int) -> Contest | None:
    """The comparison that a drop rests on, or that of one that remains with the leader."""
    drop = state.drops[index]
    return drop.contest if drop else state.contests[index]


def _status(state: RaceState, index: int) -> str:
    if state.drops[index]:
        return "clearly worse"
    if state.end is None:
        return "racing"
    if index == state.leader:
        return "first" if state.not_distinguishable else "winner"
    if state.end is RaceEnd.PRACTICALLY_SAME:
        return "practically the same"
    return "not distinguishable"
