"""Model versions compared: latency, drops, failures and confidence over a while."""

from __future__ import annotations

import time
from collections.abc import Mapping

from skerry_server.api.context import Context
from skerry_server.api.model_comparison import compare_models
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.checks import check_choice
from skerry_server.ui.frame import Page
from skerry_server.ui.templating import render
from skerry_server.ui.views.models import RANGES, model_lines


class ModelsPage(Page):
    """All model versions that were reported."""

    title = "Models"
    here = "/models"
    refresh_s = 15.0

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._range = query.get("range", "1h")

    def read(self) -> Mapping[str, str]:
        """Return the page as one region."""
        window_s = RANGES[check_choice(self._range, RANGES, where="range")]
        found = compare_models(
            self.context.database,
            self.context.store,
            window_s=window_s,
            sites=self.visitor.principal.sites,
            now_ns=time.time_ns(),
        )
        rows = model_lines(found.models)
        return {"models": render("models.html", rows=rows, is_cut=found.is_cut, ranges=RANGES, range=self._range)}
