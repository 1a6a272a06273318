"""The view of a device's updates: what runs, what is ordered, and how it did in each rollout, as HTML."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_server.api.context import Context
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.checks import check_choice
from skerry_server.registry.models import Device
from skerry_server.registry.orders.desired import newest_desired
from skerry_server.rollouts.reading import rollouts_of_device
from skerry_server.ui.navigation import may_see
from skerry_server.ui.templating import render
from skerry_server.ui.views.rollouts import moments
from skerry_server.ui.views.updates import order_lines, runs_lines, taken_line

SHOWN_ROLLOUTS = 30


def updates_view(context: Context, visitor: Visitor, device: str, query: Mapping[str, str]) -> str:
    """Return the view; ``?rollout=`` picks the one whose story is told, else it is the newest. Raises ConfigError."""
    with context.database.reading() as session:
        row = session.get(Device, device)
        desired = newest_desired(session, device)
        taken = rollouts_of_device(session, device, limit=SHOWN_ROLLOUTS)
    stories = {str(rollout.id): of_device.history for rollout, of_device in taken}
    chosen = check_choice(query["rollout"], stories, where="rollout") if "rollout" in query else next(iter(stories), "")
    return render(
        "device_updates.html",
        device=device,
        runs=runs_lines(row),
        orders=order_lines(desired.updates if desired is not None else {}, taken),
        rollouts=[taken_line(*one) for one in taken],
        chosen=chosen,
        moments=moments(stories.get(chosen, [])),
        leads_on=may_see(visitor, "/rollouts/{rollout}"),
    )
