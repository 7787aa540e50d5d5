"""Initializers: what the weights of a restart are drawn from before it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from search.problem.arguments import Arguments
from search.problem.errors import Fault, InvalidValuesError, unknown_name
from search.problem.names import number_text, quoted

LARGEST = 1e6

SCALED: Mapping[str, tuple[str, str, float]] = MappingProxyType(
    {
        "glorot_uniform": ("uniform", "fan_avg", 1.0),
        "glorot_normal": ("truncated_normal", "fan_avg", 1.0),
        "he_uniform": ("uniform", "fan_in", 2.0),
        "he_normal": ("truncated_normal", "fan_in", 2.0),
        "lecun_uniform": ("uniform", "fan_in", 1.0),
        "lecun_normal": ("truncated_normal", "fan_in", 1.0),
    }
)
"""Keras's initializers of these names: distribution, what scales it, and a factor. Their variance
is factor / fan, with the inputs of a layer for fan or the mean of its inputs and outputs."""

_WIDTHS: Mapping[str, str] = MappingProxyType({"uniform": "uniform:0.5", "normal": "normal:0.05"})
"""Kinds with a width of their own, with an example."""


@dataclass(frozen=True)
class Initializer:
    """What the kernels start from. `str` gives the text that `of` takes.

    Args:
        kind: One of `kinds`.
        width: Of `uniform`, the a of a uniform distribution from -a to a; of `normal`, the standard
            deviation. Both are above 0. None for all others.

    Raises:
        InvalidValuesError: If the kind is unknown, or its width is missing or breaks its rule.
    """

    kind: str = "glorot_uniform"
    width: float | None = None

    field: ClassVar[str] = "initializer"
    kinds: ClassVar[tuple[str, ...]] = (*SCALED, *_WIDTHS)

    def __post_init__(self) -> None:
        arguments = Arguments()
        arguments.check(isinstance(self.kind, str), self.field, "must be a text", self.kind)
        arguments.raise_any()
        if self.kind not in self.kinds:
            raise self._unknown(self.kind)
        if self.width is None:
            if self.kind in _WIDTHS:
                raise self._refused(self.kind)
            return
        width = arguments.number(self.field, self.width)
        arguments.raise_any()
        object.__setattr__(self, "width", width)  # also one of NumPy's, made plain
        if self.kind not in _WIDTHS or not 0 < width <= LARGEST:
            raise self._refused(str(self))

    @classmethod
    def of(cls, given: str | Self) -> Self:
        """Parse an initializer; one that is parsed already is returned unchanged.

        Args:
            given: A text like "he_normal" or "uniform:0.5", or an initializer.

        Returns:
            The initializer.

        Raises:
            InvalidValuesError: If it is neither, or breaks its rule.
        """
        if isinstance(given, cls):
            return given
        arguments = Arguments()
        rule = "must be a text like 'uniform:0.5'"
        arguments.check(isinstance(given, str), cls.field, rule, given)
        arguments.raise_any()
        kind, colon, width = (part.strip() for part in str(given).partition(":"))
        if kind not in cls.kinds:
            raise cls._unknown(str(given))
        try:
            return cls(kind, float(width) if colon else None)
        except ValueError:
            raise cls._refused(str(given)) from None

    def __str__(self) -> str:
        return self.kind if self.width is None else f"{self.kind}:{number_text(self.width)}"

    @property
    def class_name(self) -> str:
        """Its class in `keras.initializers`."""
        name = self.kind.title().replace("_", "")
        return f"Random{name}" if self.kind in _WIDTHS else name

    @property
    def arguments(self) -> dict[str, float]:
        """What that class is given beside a seed."""
        if self.width is None:
            return {}
        if self.kind == "normal":
            return {"stddev": self.width}
        return {"minval": -self.width, "maxval": self.width}

    @classmethod
    def _unknown(cls, received: str) -> InvalidValuesError:
        forms = (f"{kind}:X" if kind in _WIDTHS else kind for kind in cls.kinds)
        return unknown_name(cls.field.replace("_", " "), received, tuple(forms))

    @classmethod
    def _refused(cls, received: str) -> InvalidValuesError:
        kind = received.partition(":")[0].strip()
        if kind in _WIDTHS:
            rule = f"must have a number above 0 and at most {LARGEST:g}, like {_WIDTHS[kind]}"
        else:
            rule = f"must be {kind} alone"
        return InvalidValuesError([Fault(cls.field, rule, quoted(received))])


@dataclass(frozen=True)
class BiasInitializer(Initializer):
    """What the biases start from, as `Initializer`."""

    kind: str = "zeros"

    field: ClassVar[str] = "bias_initializer"
    kinds: ClassVar[tuple[str, ...]] = ("zeros", *_WIDTHS)
