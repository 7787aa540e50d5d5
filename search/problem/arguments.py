"""Arguments that people pass from Python, which may be of any kind: checked, and made plain."""

from __future__ import annotations

from numbers import Integral, Real

from search.problem.errors import Faults
from search.problem.names import shown


class Arguments(Faults):
    """Collects what is wrong with the arguments of a call, to be raised at once."""

    def whole(
        self, field: str, value: object, least: int | None = None, most: int | None = None
    ) -> int:
        """An argument as an int, also one of NumPy's; a fault unless it is one in the bounds."""
        if isinstance(value, Integral) and not isinstance(value, bool):
            plain = int(value)
            if (least is None or plain >= least) and (most is None or plain <= most):
                return plain
        if least is None:
            bounds = "" if most is None else f" of at most {most}"
        else:
            bounds = f" of at least {least}" if most is None else f" from {least} to {most}"
        self.check(False, field, f"must be a whole number{bounds}", value)
        return 0

    def number(self, field: str, value: object) -> float:
        """An argument as a float, also one of NumPy's; a fault unless it is a number."""
        if isinstance(value, Real) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                pass
        self.check(False, field, "must be a number", value)
        return 0.0

    def check(self, holds: bool, field: str, rule: str, value: object) -> None:
        """A fault unless an argument's rule holds."""
        if not holds:
            self.require(False, field, rule, shown(value))

    def function(self, field: str, value: object) -> None:
        """A fault unless an argument is a function, or None."""
        is_function = value is None or callable(value)
        self.check(is_function, field, "must be a function", value)
