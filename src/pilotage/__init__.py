"""Pilotage: what authors write against. `import pilotage as pl`.

Re-exports alone. Each name is fetched when it is first used, so that a command which needs none of them starts at once;
type checkers read `__init__.pyi`, which has every name with its types.
"""

from importlib import import_module

__all__ = [
    "Act",
    "Agreement",
    "Approval",
    "Approved",
    "Artifact",
    "Ask",
    "Automation",
    "Band",
    "Book",
    "Breaker",
    "Bucket",
    "BusinessException",
    "CannotUndo",
    "Case",
    "Choice",
    "Collected",
    "Compute",
    "Connection",
    "ContractCheck",
    "Database",
    "Debt",
    "DefinitionError",
    "Document",
    "DocumentUnreadable",
    "Effect",
    "FacturX",
    "Failure",
    "ForEach",
    "From",
    "Given",
    "HandOver",
    "HandedOver",
    "Judge",
    "Judged",
    "Judgement",
    "Mail",
    "MailSent",
    "Mailbox",
    "MalformedResponse",
    "ManualCheck",
    "Model",
    "Note",
    "Objects",
    "Open",
    "Path",
    "PermanentFailure",
    "Price",
    "Probability",
    "Prompt",
    "Query",
    "Quota",
    "Quote",
    "Rate",
    "Receiver",
    "Retry",
    "Role",
    "Rule",
    "SafeToRepeat",
    "Scope",
    "Season",
    "Secret",
    "Setting",
    "Smtp",
    "Stated",
    "Step",
    "StoredObject",
    "TransientFailure",
    "Unknown",
    "UnknownOutcome",
    "Wait",
    "Webhook",
    "When",
    "Window",
    "Written",
    "abstain",
    "act",
    "compute",
    "judge",
    "rule",
    "scope",
]

_NAMES = {
    "approvals": ("Approval", "Band"),
    "asking": ("Agreement", "Price", "Probability", "Stated"),
    "automation": ("Automation",),
    "book": ("Book", "ManualCheck"),
    "connection": ("Connection",),
    "contract_check": ("ContractCheck",),
    "documents": ("Document", "DocumentUnreadable", "FacturX", "Mail"),
    "effects": ("Act", "CannotUndo", "SafeToRepeat", "act"),
    "failures": ("Failure", "MalformedResponse", "PermanentFailure", "TransientFailure", "UnknownOutcome"),
    "findings": ("DefinitionError",),
    "judgements": ("Judgement", "Note", "Quote", "abstain"),
    "limits": ("Breaker", "Quota", "Rate", "Retry", "Window"),
    "models": ("Model",),
    "mailbox": ("Mailbox",),
    "people": ("Ask", "Role"),
    "process": ("BusinessException", "Choice", "ForEach", "HandOver", "Path", "Receiver", "Wait", "When"),
    "prompts": ("Prompt",),
    "rules": ("Debt", "Rule", "rule"),
    "scopes": ("Scope", "scope"),
    "seasons": ("Season",),
    "settings": ("Artifact", "Secret", "Setting"),
    "signatures": ("From",),
    "smtp": ("MailSent", "Smtp"),
    "steps": ("Compute", "Judge", "Judged", "Step", "compute", "judge"),
    "values": ("Approved", "Case", "Collected", "Effect", "Given", "HandedOver", "Open", "Unknown"),
    "objects": ("Objects", "StoredObject"),
    "query": ("Query",),
    "sql": ("Database", "Written"),
    "webhook": ("Webhook",),
    "bucket": ("Bucket",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module 'pilotage' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"pilotage.authoring.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
