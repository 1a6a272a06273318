"""A run's loss and accuracy as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from skerry_converters.training.metrics import Entry, TrainingEntry, ValidationEntry
from skerry_converters.training.samples import Pixels

_WIDTH, _PANEL = 1000, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 30, 50, 40
_INK, _GRID, _PAPER = (60, 50, 40), (225, 220, 215), (255, 255, 255)
_BLUE, _ORANGE = (160, 90, 20), (20, 110, 220)
_SMOOTHING = 0.6
"""How much of the loss before stays in its smoothed line."""
_FINE = 4
"""OpenCV draws with so many bits of a pixel's fraction."""
_LINES = 5

Points = list[tuple[float, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Panel:
    """One diagram: where it begins in the picture, its title and its ranges."""

    top: int
    title: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        (x_low, x_high), (y_low, y_high) = self.x_range, self.y_range
        x = _LEFT + (point[0] - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)
        y = self.top + _PANEL - _BOTTOM - (point[1] - y_low) / (y_high - y_low) * (_PANEL - _TOP - _BOTTOM)
        return x, y


def draw_curves(entries: Sequence[Entry]) -> bytes:
    """Return a PNG of the loss, raw and smoothed, and below it of the AP50, both over the minutes of training."""
    losses = [(one.minutes, one.loss) for one in entries if isinstance(one, TrainingEntry)]
    scores = [(one.minutes, one.ap50) for one in entries if isinstance(one, ValidationEntry) and one.ap50 is not None]
    minutes = (0.0, max([0.1, *(one.minutes for one in entries)]))
    picture = np.full((2 * _PANEL, _WIDTH, 3), _PAPER, np.uint8)
    # The first losses are far above all others, which would be pressed flat.
    highest = float(np.quantile([loss for _, loss in losses], 0.98)) if losses else 1.0
    loss_panel = _Panel(top=0, title="loss over minutes", x_range=minutes, y_range=(0.0, max(highest, 1e-6)))
    score_panel = _Panel(top=_PANEL, title="AP50 on the validation over minutes", x_range=minutes, y_range=(0.0, 1.0))
    for panel in (loss_panel, score_panel):
        _frame(picture, panel)
    _line(picture, loss_panel, losses, _GRID)
    _line(picture, loss_panel, _smoothed(losses), _BLUE)
    _line(picture, score_panel, scores, _ORANGE)
    for point in scores:
        x, y = score_panel.place(point)
        cv2.circle(picture, (round(x), round(y)), 3, _ORANGE, cv2.FILLED, cv2.LINE_AA)
    encoded: bytes = cv2.imencode(".png", picture)[1].tobytes()
    return encoded


def _frame(picture: Pixels, panel: _Panel) -> None:
    """Draw a panel's title, its grid and the numbers beside it."""
    _text(picture, panel.title, _LEFT, panel.top + 28, 0.6)
    for step in range(_LINES + 1):
        y_value = panel.y_range[0] + (panel.y_range[1] - panel.y_range[0]) * step / _LINES
        x_value = panel.x_range[0] + (panel.x_range[1] - panel.x_range[0]) * step / _LINES
        x, bottom = map(round, panel.place((x_value, panel.y_range[0])))
        left, y = map(round, panel.place((panel.x_range[0], y_value)))
        cv2.line(picture, (left, y), (_WIDTH - _RIGHT, y), _GRID, 1)
        _text(picture, f"{y_value:.3g}", 20, y + 5, 0.45)
        _text(picture, f"{x_value:.3g}", x - 12, bottom + 22, 0.45)


def _text(picture: Pixels, text: str, x: int, y: int, scale: float) -> None:
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)


def _line(picture: Pixels, panel: _Panel, points: Points, colour: tuple[int, int, int]) -> None:
    (low, high) = panel.y_range
    places = [panel.place((x, min(max(y, low), high))) for x, y in points]
    fine = (np.array(places).reshape(-1, 1, 2) * 2**_FINE).round().astype(np.int32)
    if len(fine) > 1:
        cv2.polylines(picture, [fine], isClosed=False, color=colour, thickness=2, lineType=cv2.LINE_AA, shift=_FINE)


def _smoothed(points: Points) -> Points:
    smooth: Points = []
    for x, y in points:
        smooth.append((x, _SMOOTHING * smooth[-1][1] + (1 - _SMOOTHING) * y if smooth else y))
    return smooth
