from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from sampan.documents.evaluation.assignment import assign


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (3, 9), (9, 3), (30, 30), (0, 4), (40, 25)])
@pytest.mark.parametrize("kind", ["real", "integer", "negative"])
def test_total_cost_equals_the_oracle(shape: tuple[int, int], kind: str) -> None:
    rng = np.random.default_rng(sum(shape))
    for _ in range(8):
        cost = rng.random(shape)
        if kind == "integer":  # many ties
            cost = np.floor(cost * 4)
        elif kind == "negative":
            cost -= 0.5
        rows, columns = assign(cost)
        assert len(rows) == min(shape)
        assert len(set(columns.tolist())) == len(columns)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert cost[rows, columns].sum() == pytest.approx(cost[linear_sum_assignment(cost)].sum())


def test_costs_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        assign([[0.0, np.nan]])
    with pytest.raises(ValueError, match="dimensions"):
        assign([1.0])
