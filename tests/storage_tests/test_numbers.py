from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.nonfinite import decode, encode


@given(st.floats())
def test_every_number_survives(number: float) -> None:
    value, kind = encode(number)
    back = decode(value, kind)
    assert back == number or (math.isnan(back) and math.isnan(number))
    assert value is None or math.isfinite(value)


@pytest.mark.parametrize(("value", "kind"), [(None, "finite"), (1.0, "nan"), (None, "huge")])
def test_value_and_kind_must_agree(value: float | None, kind: str) -> None:
    with pytest.raises(ValueError, match="does not go with kind"):
        decode(value, kind)
