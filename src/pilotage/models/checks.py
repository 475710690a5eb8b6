"""What `pilotage check` finds about language models beyond their declarations."""

from collections.abc import Iterable, Iterator

from pilotage.authoring.automation import Automation
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import Finding
from pilotage.models.pricing import known


def without_price(automations: Iterable[Automation]) -> Iterator[Finding]:
    """PLT-178: nobody knows what a model costs, so its money is not counted; with a budget it is not asked at all."""
    models = {id(model): model for automation in automations for model in automation.models}
    for model in models.values():
        if not known(model.name, model.price):
            yield finding("PLT-178", place=f"Model {model.name}", line=model.line, warning=not model.asked.budget)
