"""The fields of the form that submits a study, and what a filled-in form asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search.problem.batch_orders import BATCH_ORDERS
from search.problem.data.datasets import BUILT_IN
from search.problem.data.selection import MISSING
from search.problem.dimensions import FULL, HELD
from search.problem.errors import Fault, InvalidValuesError
from search.problem.losses import LOSSES
from search.problem.names import quoted
from search.problem.network import ACTIVATIONS
from search.problem.objectives import OBJECTIVES
from search.problem.optimizers import OPTIMIZERS
from search.problem.plan import DEFAULT_TRIALS, Plan
from search.problem.samplers import SAMPLERS
from search.problem.scaling import SCALINGS

Form = Mapping[str, Sequence[str]]
"""What a browser sends: all values of each field."""
OTHERS = "optimizer_others"
PRIORITY, FILE = "priority", "file"
"""Fields that are of no plan."""
_PLAN = Plan()
_PROBLEM, _SPACE = _PLAN.problem, _PLAN.space


@dataclass(frozen=True)
class FormField:
    """A field: its name in a plan and its label.

    default: what an empty one stands for, shown in it; hint: what else is to be said; choices: of a
    list, of which several can be chosen where `is_several`, those of `checked` at first; keyboard:
    that of a phone; read: makes its text a value of a plan, or leaves it as it is, to be refused by
    the plan's own rules; is_more: whether most studies leave it as it is.
    """

    name: str
    label: str
    default: str = ""
    hint: str = ""
    choices: tuple[str, ...] = ()
    is_several: bool = False
    checked: tuple[str, ...] = ()
    keyboard: str = "text"
    read: Callable[[str], Any] = str
    is_more: bool = False


def _whole(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else text


def _number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _layers(text: str) -> list[int | str]:
    return [_whole(part) for part in _listed(text)]


def _switch(text: str) -> bool:
    return text == "yes"


def _varied(text: str) -> dict[str, str]:
    """Lines like `batch_size=16,32`. Raises InvalidValuesError for one that is none."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, values = line.partition("=")
        name = name.strip().replace("-", "_")
        rule = "must have lines like batch_size=16,32, each dimension once"
        if not equals or name in found:
            raise InvalidValuesError([Fault("vary", rule, quoted(line))])
        found[name] = values.strip()
    return found


def _counted(name: str, label: str, default: object, hint: str = "") -> FormField:
    return FormField(name, label, str(default), hint, keyboard="numeric", read=_whole)


def _measured(name: str, label: str, default: object, hint: str = "") -> FormField:
    return FormField(name, label, str(default), hint, keyboard="decimal", read=_number)


def form_fields(uploads: Sequence[str]) -> tuple[FormField, ...]:
    """All fields in the order of the form.

    Args:
        uploads: The files that a plan can name beside the data that are built in.
    """
    more = (replace(one, is_more=True) for one in _more(uploads))
    return (*_first(uploads), *more)


def _first(uploads: Sequence[str]) -> tuple[FormField, ...]:
    return (
        FormField(
            "study",
            "Name of the study",
            hint="Like bands-wide; it goes into addresses and commands.",
        ),
        FormField(
            "data",
            "Data",
            choices=(*BUILT_IN, *uploads),
            hint="Built in, or a file that was uploaded.",
        ),
        FormField(FILE, "Your own data", hint="A CSV or Parquet file, which is uploaded."),
        FormField("target", "Target column", hint="With the classes, of an uploaded file."),
        FormField(
            "scaling",
            "Scaling",
            choices=tuple(SCALINGS),
            is_several=True,
            checked=_SPACE.scalings,
        ),
        FormField(
            "optimizer",
            "Optimizers",
            choices=tuple(OPTIMIZERS),
            is_several=True,
            checked=_SPACE.optimizers,
        ),
        FormField(
            "learning_rate",
            "Learning rates",
            "0.01,0.1",
            "A list like 0.01,0.1 or a log-uniform range like 0.001:1.",
        ),
        FormField("hidden", "Hidden layers", "2", "Units of each, like 2 or 4,4.", read=_layers),
        _counted("epochs", "Epochs", _PROBLEM.epochs, "Of each restart."),
        _counted("restarts", "Restarts", _PLAN.restarts, "Seeds of each trial."),
        _counted(
            "trials", "Trials", DEFAULT_TRIALS, "Configurations tried; each adds its restarts."
        ),
    )


def _more(uploads: Sequence[str]) -> tuple[FormField, ...]:
    return (
        FormField("sampler", "Sampler", _PLAN.sampler, choices=SAMPLERS),
        _counted("sampler_seed", "Sampler seed", _PLAN.sampler_seed),
        FormField("objective", "Objective", _PLAN.objective, choices=tuple(OBJECTIVES)),
        _measured(
            "until_precision",
            "Until precision",
            "",
            "Ends once the 95% intervals of the leading configurations are so narrow, like 0.1.",
        ),
        _counted("race", "Race of the best", 0, "So many race on fresh seeds at the end."),
        FormField(
            "first", "Try first", hint="Configurations like standard/adam/0.1.", read=_listed
        ),
        FormField(OTHERS, "Other optimizers", hint="With arguments, like adam:beta_2=0.99."),
        FormField(
            "vary",
            "Other dimensions to search",
            hint=f"A line for each, like batch_size=16,32,{FULL}; of {', '.join(HELD)}.",
            read=_varied,
        ),
        FormField("activation", "Activation", _PROBLEM.activation, choices=ACTIVATIONS),
        FormField(
            "batch_size",
            "Batch size",
            str(_PROBLEM.batch_size),
            f"A number, or {FULL}.",
            read=_whole,
        ),
        FormField("batch_order", "Batch order", _PROBLEM.batch_order, choices=BATCH_ORDERS),
        FormField("loss_function", "Loss function", _PROBLEM.loss_function, choices=tuple(LOSSES)),
        FormField("initializer", "Initializer", _PROBLEM.initializer),
        FormField("bias_initializer", "Bias initializer", _PROBLEM.bias_initializer),
        FormField("use_bias", "Use biases", "yes", choices=("yes", "no"), read=_switch),
        _measured("l2", "L2 penalty", "0"),
        _measured("margin", "Margin", _PROBLEM.margin, "Above the plateau, to have escaped."),
        _measured("solved_at", "Solved at", _PROBLEM.solved_at, "Accuracy."),
        _measured("validation", "Validation share", "", "Of the points, held out, like 0.2."),
        FormField("validation_data", "Validation file", "none", choices=tuple(uploads)),
        FormField("drop", "Columns to drop", hint="Of an uploaded file.", read=_listed),
        FormField("features", "Feature columns", hint="All but the target if empty.", read=_listed),
        FormField("missing", "Rows with missing cells", MISSING[0], choices=MISSING),
        _counted(PRIORITY, "Priority", 0, "The higher, the sooner."),
    )


def plan_of(form: Form, fields: Sequence[FormField]) -> dict[str, Any]:
    """The plan, as JSON has it, that a form asks for; what is empty is left out.

    Args:
        form: The form as it was filled in.
        fields: Its fields.

    Returns:
        The fields of the plan, among them what breaks their rules.

    Raises:
        InvalidValuesError: If lines of `vary` are not as they must be.
    """
    plan: dict[str, Any] = {}
    for field in fields:
        given = [text.strip() for text in form.get(field.name, ()) if text.strip()]
        if given and field.name not in (PRIORITY, FILE):
            plan[field.name] = given if field.is_several else field.read(given[0])
    others = plan.pop(OTHERS, None)
    if others is not None:
        plan["optimizer"] = [*plan.get("optimizer", ()), *_listed(others)]
    return plan
