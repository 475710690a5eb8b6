"""The automations that a process has loaded, and their nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node, Plan
from pilotage.kernel.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class Served:
    """The automations that this process has loaded, each as one release."""

    automations: Mapping[tuple[str, str], Automation]
    """(automation, release) -> its declaration."""

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The (automation, release) pairs."""
        return tuple(self.automations)

    def node(self, automation: str, release: str, name: str) -> Node:
        """A node of a served automation, at any depth."""
        plan = _plan_with(self.automations[automation, release].plan, name)
        if plan is None or name not in plan.nodes:
            msg = f"{automation} has no step {name} in release {release}."
            raise UnknownName(msg, "Serve the release that the case began on, or move its cases.")
        return plan.nodes[name]

    def plan_of(self, automation: Automation, node: str | None) -> Plan:
        """The plan that a node stands in: the automation's own, or the body of a for-each."""
        return _plan_with(automation.plan, node) or automation.plan


def _plan_with(plan: Plan, node: str | None) -> Plan | None:
    if node is None or node in plan.nodes:
        return plan
    for one in plan.nodes.values():
        if one.body is not None and (found := _plan_with(one.body, node)) is not None:
            return found
    return None
