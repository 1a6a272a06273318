"""The best one-to-one pairing of rows and columns: the assignment problem, solved exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Gains = NDArray[np.float64]
Pair = tuple[int, int]


def best_pairs(gains: Gains) -> list[Pair]:
    """Return the (row, column) pairs with the greatest sum of ``gains`` (rows, columns), each row and column used once.

    A gain of 0 or less is no pair. Raises ValueError for a gain that is no finite number.
    """
    if not np.isfinite(gains).all():
        raise ValueError("a gain is a finite number")
    gains = np.maximum(gains, 0.0)
    rows, columns = np.nonzero(gains)
    if len(set(rows.tolist())) == len(rows) and len(set(columns.tolist())) == len(columns):
        return list(zip(rows.tolist(), columns.tolist(), strict=True))
    # Few objects compete with each other; the others would only make the exact search long.
    used_rows, used_columns = np.unique(rows), np.unique(columns)
    small = gains[np.ix_(used_rows, used_columns)]
    solved = _solve(-small) if len(used_rows) <= len(used_columns) else [pair[::-1] for pair in _solve(-small.T)]
    return sorted(
        (int(used_rows[row]), int(used_columns[column])) for row, column in solved if small[row, column] > 0.0
    )


def _solve(costs: NDArray[Any]) -> list[Pair]:
    """Give every row a column of its own at the least total cost; there are at least as many columns as rows.

    The Hungarian method in the form of Jonker and Volgenant (Computing 38, 1987): each row is added by a shortest
    augmenting path over reduced costs, O(rows^2 columns). Index 0 of both sides is a place outside the matrix.
    """
    rows, columns = costs.shape
    row_price = np.zeros(rows + 1)
    column_price = np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, np.int64)
    for row in range(1, rows + 1):
        row_of[0] = row
        column = 0
        distance = np.full(columns + 1, np.inf)
        came_from = np.zeros(columns + 1, np.int64)
        is_settled = np.zeros(columns + 1, bool)
        while row_of[column]:
            is_settled[column] = True
            at = row_of[column]
            reduced = costs[at - 1] - row_price[at] - column_price[1:]
            is_shorter = ~is_settled[1:] & (reduced < distance[1:])
            distance[1:][is_shorter] = reduced[is_shorter]
            came_from[1:][is_shorter] = column
            following = int(np.argmin(np.where(is_settled, np.inf, distance)))
            step = distance[following]
            row_price[row_of[is_settled]] += step
            column_price[is_settled] -= step
            distance[~is_settled] -= step
            column = following
        while column:
            before = int(came_from[column])
            row_of[column] = row_of[before]
            column = before
    return [(int(row_of[column]) - 1, column - 1) for column in range(1, columns + 1) if row_of[column]]
