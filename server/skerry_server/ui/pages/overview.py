"""The overview: what the fleet needs, what it last saw, what it is made of, and how ingest does."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_server.api.context import Context
from skerry_server.auth.visitors import Visitor
from skerry_server.health import now_ms
from skerry_server.ui.frame import Page
from skerry_server.ui.pulse import ingest_facts
from skerry_server.ui.readings import Readings
from skerry_server.ui.templating import render
from skerry_server.ui.views.overview import overview_values


class OverviewPage(Page):
    """The first page."""

    title = "Overview"
    here = "/"
    refresh_s = 0.5

    def __init__(self, context: Context, visitor: Visitor, readings: Readings) -> None:
        super().__init__(context, visitor)
        self._readings = readings
        self._broker = str(parse_broker_url(context.config.broker.url, where="key 'broker.url'"))

    def read(self) -> Mapping[str, str]:
        """Return the page as one region."""
        sites = self.visitor.principal.sites
        news = self._readings.news.get(sites)
        fleet, spread = self._readings.fleet.get(sites), self._readings.spread.get(sites)
        values = overview_values(news, fleet, spread, at_ms=now_ms())
        ingest = ingest_facts(fleet.workers)
        return {"overview": render("overview.html", ingest=ingest, broker=self._broker, **values)}
