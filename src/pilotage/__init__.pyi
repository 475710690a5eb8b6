# fmt: off
# pyright: reportOverlappingOverload=false, reportInconsistentOverload=false, reportIncompatibleMethodOverride=false
# pyright: reportIncompatibleVariableOverride=false, reportPropertyTypeMismatch=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportInvalidTypeVarUse=false, reportPrivateUsage=false
# mypy: disable-error-code="overload-overlap, misc, override"
"""The face that authors write against, for type checkers. Written by `pilotage.authoring.typing.generate`; edit face.pyi.in.

`Step[N, O]` says what a step needs and gives. N is a union used as a set and covariant, so a path whose step needs what
nobody gives does not type-check.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Never, TypeAlias, overload, type_check_only

from typing_extensions import ParamSpec, TypeVar

from pilotage.authoring import approvals as _approvals
from pilotage.authoring import automation as _automation
from pilotage.authoring import book as _book
from pilotage.authoring import effects as _effects
from pilotage.authoring import process as _process
from pilotage.authoring import rules as _rules
from pilotage.authoring import scopes as _scopes
from pilotage.authoring import signatures as _signatures
from pilotage.authoring import steps as _steps
from pilotage.authoring.approvals import Band as Band
from pilotage.authoring.asking import Agreement as Agreement
from pilotage.authoring.asking import Price as Price
from pilotage.authoring.asking import Probability as Probability
from pilotage.authoring.asking import Stated as Stated
from pilotage.authoring.bucket import Bucket as Bucket
from pilotage.authoring.connection import Connection as Connection
from pilotage.authoring.contract_check import ContractCheck as ContractCheck
from pilotage.authoring.documents import Document as Document
from pilotage.authoring.documents import DocumentUnreadable as DocumentUnreadable
from pilotage.authoring.documents import FacturX as FacturX
from pilotage.authoring.documents import Mail as Mail
from pilotage.authoring.effects import CannotUndo as CannotUndo
from pilotage.authoring.effects import Priority as _Priority
from pilotage.authoring.effects import SafeToRepeat as SafeToRepeat
from pilotage.authoring.failures import Failure as Failure
from pilotage.authoring.failures import MalformedResponse as MalformedResponse
from pilotage.authoring.failures import PermanentFailure as PermanentFailure
from pilotage.authoring.failures import TransientFailure as TransientFailure
from pilotage.authoring.failures import UnknownOutcome as UnknownOutcome
from pilotage.authoring.findings import DefinitionError as DefinitionError
from pilotage.authoring.intake import Source as _Source
from pilotage.authoring.judgements import Judgement as Judgement
from pilotage.authoring.judgements import Note as Note
from pilotage.authoring.judgements import Quote as Quote
from pilotage.authoring.judgements import abstain as abstain
from pilotage.authoring.limits import Breaker as Breaker
from pilotage.authoring.limits import Quota as Quota
from pilotage.authoring.limits import Rate as Rate
from pilotage.authoring.limits import Retry as Retry
from pilotage.authoring.limits import Window as Window
from pilotage.authoring.mailbox import Mailbox as Mailbox
from pilotage.authoring.models import Model as Model
from pilotage.authoring.objects import Objects as Objects
from pilotage.authoring.objects import StoredObject as StoredObject
from pilotage.authoring.people import Ask as Ask
from pilotage.authoring.people import Role as Role
from pilotage.authoring.process import Receiver as Receiver
from pilotage.authoring.prompts import Prompt as Prompt
from pilotage.authoring.query import Query as Query
from pilotage.authoring.rules import Debt as Debt
from pilotage.authoring.seasons import Season as Season
from pilotage.authoring.settings import Artifact as Artifact
from pilotage.authoring.settings import Secret as Secret
from pilotage.authoring.settings import Setting as Setting
from pilotage.authoring.smtp import MailSent as MailSent
from pilotage.authoring.smtp import Smtp as Smtp
from pilotage.authoring.spans import Day as _Day
from pilotage.authoring.spans import Span as _Span
from pilotage.authoring.sql import Database as Database
from pilotage.authoring.sql import Written as Written
from pilotage.authoring.values import Approved as Approved
from pilotage.authoring.values import Case as Case
from pilotage.authoring.values import Collected as Collected
from pilotage.authoring.values import Effect as Effect
from pilotage.authoring.values import Given as Given
from pilotage.authoring.values import HandedOver as HandedOver
from pilotage.authoring.values import Open as Open
from pilotage.authoring.values import Unknown as Unknown
from pilotage.authoring.webhook import Webhook as Webhook

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

_P = ParamSpec("_P")
_N = TypeVar("_N", covariant=True)  # what a step needs: a union used as a set
_O = TypeVar("_O", covariant=True)  # what a step gives
_Ret = TypeVar("_Ret", covariant=True)  # what calling the function returns
_V = TypeVar("_V", covariant=True)
_OI = TypeVar("_OI")
_KI = TypeVar("_KI")
_K1 = TypeVar("_K1")
_R = TypeVar("_R")
_S = TypeVar("_S")
_T = TypeVar("_T")
_W = TypeVar("_W", default=Never)
_I = TypeVar("_I")
_N0 = TypeVar("_N0")
_N1 = TypeVar("_N1")
_N2 = TypeVar("_N2")
_N3 = TypeVar("_N3")
_N4 = TypeVar("_N4")
_N5 = TypeVar("_N5")
_N6 = TypeVar("_N6")
_N7 = TypeVar("_N7")
_N8 = TypeVar("_N8")
_N9 = TypeVar("_N9")
_N10 = TypeVar("_N10")
_O1 = TypeVar("_O1")
_O2 = TypeVar("_O2")
_O3 = TypeVar("_O3")
_O4 = TypeVar("_O4")
_O5 = TypeVar("_O5")
_O6 = TypeVar("_O6")
_O7 = TypeVar("_O7")
_O8 = TypeVar("_O8")
_O9 = TypeVar("_O9")
_O10 = TypeVar("_O10")
_A = TypeVar("_A")
_B = TypeVar("_B")
_C = TypeVar("_C")
_D = TypeVar("_D")
_E = TypeVar("_E")

_Amount: TypeAlias = Decimal | int

# -- steps -------------------------------------------------------------------------------------------------------------

class Step(_steps.Step, Generic[_N, _O]):
    """Anything that can stand on a path. What it needs and what it gives are its types."""
    @property
    def _needs(self) -> _N: ...
    @property
    def _gives(self) -> _O: ...

class From(_signatures.From):
    """`Annotated[Team, From(second_look)]`: the Team that this step gave, where two steps gave one."""
    def __init__(self, step: Step[object, object] | Judge[..., object, object, object], /) -> None: ...

class Compute(_steps.Compute, Step[_N, _O], Generic[_P, _Ret, _N, _O]):
    """A step that may run again at any time; through a connection it may only read."""
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _Ret: ...

class Act(_effects.Act, Step[_N, _O], Generic[_P, _Ret, _N, _O]):
    """An effect: changes something outside, once, and says how it is taken back."""
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _Ret: ...

class Judge(_steps.Judge, Generic[_P, _Ret, _N, _V]):
    """A judging step. It stands on no path until it says how sure it must be, with `alone` or `always_ask`."""
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _Ret: ...
    def alone(self, *, above: float, otherwise: Ask) -> Judged[_N, _V]:
        """The step goes on alone where its confidence is at least `above`; otherwise a person decides."""
    def always_ask(self, ask: Ask, /) -> Judged[_N, _V]:
        """A person always decides; what the step judged is the proposal."""

class Judged(_steps.Judged, Step[_N, _O], Generic[_N, _O]):
    """A judging step with its threshold. It gives the value, the person's where a person decided."""

@type_check_only
class _Compute:
    @overload
    def __call__(self, function: Callable[[_A], Awaitable[_R]], /) -> Compute[[_A], Awaitable[_R], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A], _R], /) -> Compute[[_A], _R, _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], Awaitable[_R]], /) -> Compute[[_A, _B], Awaitable[_R], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], _R], /) -> Compute[[_A, _B], _R, _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], Awaitable[_R]], /) -> Compute[[_A, _B, _C], Awaitable[_R], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], _R], /) -> Compute[[_A, _B, _C], _R, _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], Awaitable[_R]], /) -> Compute[[_A, _B, _C, _D], Awaitable[_R], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], _R], /) -> Compute[[_A, _B, _C, _D], _R, _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], Awaitable[_R]], /) -> Compute[[_A, _B, _C, _D, _E], Awaitable[_R], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], _R], /) -> Compute[[_A, _B, _C, _D, _E], _R, _A | _B | _C | _D | _E, _R]: ...

@type_check_only
class _ComputeBatch:
    @overload
    def __call__(self, function: Callable[[list[_A]], Awaitable[list[_R | Failure]]], /) -> Compute[[list[_A]], Awaitable[list[_R | Failure]], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A]], list[_R | Failure]], /) -> Compute[[list[_A]], list[_R | Failure], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A]], Awaitable[list[_R]]], /) -> Compute[[list[_A]], Awaitable[list[_R]], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A]], list[_R]], /) -> Compute[[list[_A]], list[_R], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], Awaitable[list[_R | Failure]]], /) -> Compute[[list[_A], list[_B]], Awaitable[list[_R | Failure]], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], list[_R | Failure]], /) -> Compute[[list[_A], list[_B]], list[_R | Failure], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], Awaitable[list[_R]]], /) -> Compute[[list[_A], list[_B]], Awaitable[list[_R]], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], list[_R]], /) -> Compute[[list[_A], list[_B]], list[_R], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], Awaitable[list[_R | Failure]]], /) -> Compute[[list[_A], list[_B], list[_C]], Awaitable[list[_R | Failure]], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], list[_R | Failure]], /) -> Compute[[list[_A], list[_B], list[_C]], list[_R | Failure], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], Awaitable[list[_R]]], /) -> Compute[[list[_A], list[_B], list[_C]], Awaitable[list[_R]], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], list[_R]], /) -> Compute[[list[_A], list[_B], list[_C]], list[_R], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[_R | Failure]]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[_R | Failure]], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], list[_R | Failure]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D]], list[_R | Failure], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[_R]]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[_R]], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], list[_R]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D]], list[_R], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[_R | Failure]]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[_R | Failure]], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[_R | Failure]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[_R | Failure], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[_R]]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[_R]], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[_R]], /) -> Compute[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[_R], _A | _B | _C | _D | _E, _R]: ...

@overload
def compute(function: Callable[[_A], Awaitable[_R]], /) -> Compute[[_A], Awaitable[_R], _A, _R]: ...
@overload
def compute(function: Callable[[_A], _R], /) -> Compute[[_A], _R, _A, _R]: ...
@overload
def compute(function: Callable[[_A, _B], Awaitable[_R]], /) -> Compute[[_A, _B], Awaitable[_R], _A | _B, _R]: ...
@overload
def compute(function: Callable[[_A, _B], _R], /) -> Compute[[_A, _B], _R, _A | _B, _R]: ...
@overload
def compute(function: Callable[[_A, _B, _C], Awaitable[_R]], /) -> Compute[[_A, _B, _C], Awaitable[_R], _A | _B | _C, _R]: ...
@overload
def compute(function: Callable[[_A, _B, _C], _R], /) -> Compute[[_A, _B, _C], _R, _A | _B | _C, _R]: ...
@overload
def compute(function: Callable[[_A, _B, _C, _D], Awaitable[_R]], /) -> Compute[[_A, _B, _C, _D], Awaitable[_R], _A | _B | _C | _D, _R]: ...
@overload
def compute(function: Callable[[_A, _B, _C, _D], _R], /) -> Compute[[_A, _B, _C, _D], _R, _A | _B | _C | _D, _R]: ...
@overload
def compute(function: Callable[[_A, _B, _C, _D, _E], Awaitable[_R]], /) -> Compute[[_A, _B, _C, _D, _E], Awaitable[_R], _A | _B | _C | _D | _E, _R]: ...
@overload
def compute(function: Callable[[_A, _B, _C, _D, _E], _R], /) -> Compute[[_A, _B, _C, _D, _E], _R, _A | _B | _C | _D | _E, _R]: ...
@overload
def compute(*, through: Connection | Sequence[Connection] | None = None, retry: Retry | None = None) -> _Compute: ...
@overload
def compute(*, batch: int, through: Connection | Sequence[Connection] | None = None, retry: Retry | None = None) -> _ComputeBatch: ...

@type_check_only
class _Judge:
    @overload
    def __call__(self, function: Callable[[_A], Awaitable[Judgement[_R]]], /) -> Judge[[_A], Awaitable[Judgement[_R]], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A], Judgement[_R]], /) -> Judge[[_A], Judgement[_R], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B], Awaitable[Judgement[_R]], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], Judgement[_R]], /) -> Judge[[_A, _B], Judgement[_R], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B, _C], Awaitable[Judgement[_R]], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], Judgement[_R]], /) -> Judge[[_A, _B, _C], Judgement[_R], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B, _C, _D], Awaitable[Judgement[_R]], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], Judgement[_R]], /) -> Judge[[_A, _B, _C, _D], Judgement[_R], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B, _C, _D, _E], Awaitable[Judgement[_R]], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], Judgement[_R]], /) -> Judge[[_A, _B, _C, _D, _E], Judgement[_R], _A | _B | _C | _D | _E, _R]: ...

@type_check_only
class _JudgeBatch:
    @overload
    def __call__(self, function: Callable[[list[_A]], Awaitable[list[Judgement[_R] | Failure]]], /) -> Judge[[list[_A]], Awaitable[list[Judgement[_R] | Failure]], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A]], list[Judgement[_R] | Failure]], /) -> Judge[[list[_A]], list[Judgement[_R] | Failure], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A]], Awaitable[list[Judgement[_R]]]], /) -> Judge[[list[_A]], Awaitable[list[Judgement[_R]]], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A]], list[Judgement[_R]]], /) -> Judge[[list[_A]], list[Judgement[_R]], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], Awaitable[list[Judgement[_R] | Failure]]], /) -> Judge[[list[_A], list[_B]], Awaitable[list[Judgement[_R] | Failure]], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], list[Judgement[_R] | Failure]], /) -> Judge[[list[_A], list[_B]], list[Judgement[_R] | Failure], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], Awaitable[list[Judgement[_R]]]], /) -> Judge[[list[_A], list[_B]], Awaitable[list[Judgement[_R]]], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B]], list[Judgement[_R]]], /) -> Judge[[list[_A], list[_B]], list[Judgement[_R]], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], Awaitable[list[Judgement[_R] | Failure]]], /) -> Judge[[list[_A], list[_B], list[_C]], Awaitable[list[Judgement[_R] | Failure]], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], list[Judgement[_R] | Failure]], /) -> Judge[[list[_A], list[_B], list[_C]], list[Judgement[_R] | Failure], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], Awaitable[list[Judgement[_R]]]], /) -> Judge[[list[_A], list[_B], list[_C]], Awaitable[list[Judgement[_R]]], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C]], list[Judgement[_R]]], /) -> Judge[[list[_A], list[_B], list[_C]], list[Judgement[_R]], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[Judgement[_R] | Failure]]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[Judgement[_R] | Failure]], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], list[Judgement[_R] | Failure]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D]], list[Judgement[_R] | Failure], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[Judgement[_R]]]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D]], Awaitable[list[Judgement[_R]]], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D]], list[Judgement[_R]]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D]], list[Judgement[_R]], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[Judgement[_R] | Failure]]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[Judgement[_R] | Failure]], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[Judgement[_R] | Failure]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[Judgement[_R] | Failure], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[Judgement[_R]]]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D], list[_E]], Awaitable[list[Judgement[_R]]], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[Judgement[_R]]], /) -> Judge[[list[_A], list[_B], list[_C], list[_D], list[_E]], list[Judgement[_R]], _A | _B | _C | _D | _E, _R]: ...

@overload
def judge(function: Callable[[_A], Awaitable[Judgement[_R]]], /) -> Judge[[_A], Awaitable[Judgement[_R]], _A, _R]: ...
@overload
def judge(function: Callable[[_A], Judgement[_R]], /) -> Judge[[_A], Judgement[_R], _A, _R]: ...
@overload
def judge(function: Callable[[_A, _B], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B], Awaitable[Judgement[_R]], _A | _B, _R]: ...
@overload
def judge(function: Callable[[_A, _B], Judgement[_R]], /) -> Judge[[_A, _B], Judgement[_R], _A | _B, _R]: ...
@overload
def judge(function: Callable[[_A, _B, _C], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B, _C], Awaitable[Judgement[_R]], _A | _B | _C, _R]: ...
@overload
def judge(function: Callable[[_A, _B, _C], Judgement[_R]], /) -> Judge[[_A, _B, _C], Judgement[_R], _A | _B | _C, _R]: ...
@overload
def judge(function: Callable[[_A, _B, _C, _D], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B, _C, _D], Awaitable[Judgement[_R]], _A | _B | _C | _D, _R]: ...
@overload
def judge(function: Callable[[_A, _B, _C, _D], Judgement[_R]], /) -> Judge[[_A, _B, _C, _D], Judgement[_R], _A | _B | _C | _D, _R]: ...
@overload
def judge(function: Callable[[_A, _B, _C, _D, _E], Awaitable[Judgement[_R]]], /) -> Judge[[_A, _B, _C, _D, _E], Awaitable[Judgement[_R]], _A | _B | _C | _D | _E, _R]: ...
@overload
def judge(function: Callable[[_A, _B, _C, _D, _E], Judgement[_R]], /) -> Judge[[_A, _B, _C, _D, _E], Judgement[_R], _A | _B | _C | _D | _E, _R]: ...
@overload
def judge(
    *, through: Connection | Sequence[Connection] | None = None, uses: Sequence[Artifact[object]] = (), retry: Retry | None = None
) -> _Judge: ...
@overload
def judge(
    *, batch: int, through: Connection | Sequence[Connection] | None = None, uses: Sequence[Artifact[object]] = (),
    retry: Retry | None = None,
) -> _JudgeBatch: ...

@type_check_only
class _Act(Generic[_R]):
    @overload
    def __call__(self, function: Callable[[_A], Awaitable[_R]], /) -> Act[[_A], Awaitable[_R], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A], _R], /) -> Act[[_A], _R, _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], Awaitable[_R]], /) -> Act[[_A, _B], Awaitable[_R], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], _R], /) -> Act[[_A, _B], _R, _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], Awaitable[_R]], /) -> Act[[_A, _B, _C], Awaitable[_R], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], _R], /) -> Act[[_A, _B, _C], _R, _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], Awaitable[_R]], /) -> Act[[_A, _B, _C, _D], Awaitable[_R], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], _R], /) -> Act[[_A, _B, _C, _D], _R, _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], Awaitable[_R]], /) -> Act[[_A, _B, _C, _D, _E], Awaitable[_R], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], _R], /) -> Act[[_A, _B, _C, _D, _E], _R, _A | _B | _C | _D | _E, _R]: ...

@type_check_only
class _ActThatStays:
    @overload
    def __call__(self, function: Callable[[_A], Awaitable[_R]], /) -> Act[[_A], Awaitable[_R], _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A], _R], /) -> Act[[_A], _R, _A, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], Awaitable[_R]], /) -> Act[[_A, _B], Awaitable[_R], _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B], _R], /) -> Act[[_A, _B], _R, _A | _B, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], Awaitable[_R]], /) -> Act[[_A, _B, _C], Awaitable[_R], _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C], _R], /) -> Act[[_A, _B, _C], _R, _A | _B | _C, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], Awaitable[_R]], /) -> Act[[_A, _B, _C, _D], Awaitable[_R], _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D], _R], /) -> Act[[_A, _B, _C, _D], _R, _A | _B | _C | _D, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], Awaitable[_R]], /) -> Act[[_A, _B, _C, _D, _E], Awaitable[_R], _A | _B | _C | _D | _E, _R]: ...
    @overload
    def __call__(self, function: Callable[[_A, _B, _C, _D, _E], _R], /) -> Act[[_A, _B, _C, _D, _E], _R, _A | _B | _C | _D | _E, _R]: ...

_Undo: TypeAlias = (
    Callable[[_R], Awaitable[None]] | Callable[[_R], None]
    | Callable[[_R, Effect], Awaitable[None]] | Callable[[_R, Effect], None]
)
_Reconcile: TypeAlias = Callable[[Effect], Awaitable[_R | None]] | Callable[[Effect], _R | None] | SafeToRepeat | None

@overload
def act(
    *, through: Connection | Sequence[Connection], undo: CannotUndo,
    reconcile: Callable[[Effect], Awaitable[object]] | Callable[[Effect], object] | SafeToRepeat | None = None,
    retry: Retry | None = None, priority: _Priority = "usual",
) -> _ActThatStays: ...
@overload
def act(
    *, through: Connection | Sequence[Connection], undo: _Undo[_R], reconcile: _Reconcile[_R] = None,
    retry: Retry | None = None, priority: _Priority = "usual",
) -> _Act[_R]: ...

# -- business knowledge ------------------------------------------------------------------------------------------------

class Scope(_scopes.Scope, Generic[_P, _N]):
    """A named condition; its sentence is what the book says of it."""
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> bool: ...
    def __and__(self, other: Scope[..., _A], /) -> Scope[..., _N | _A]: ...
    def __or__(self, other: Scope[..., _A], /) -> Scope[..., _N | _A]: ...
    def __invert__(self) -> Scope[_P, _N]: ...

@overload
def scope(function: Callable[[_A], bool], /) -> Scope[[_A], _A]: ...
@overload
def scope(function: Callable[[_A, _B], bool], /) -> Scope[[_A, _B], _A | _B]: ...

@type_check_only
class _Example(_rules.ExampleBeing, Generic[_S, _R]):
    def given(self, *values: _S) -> _Example[_S, _R]: ...
    def on(self, day: _Day, /) -> _Example[_S, _R]: ...
    def gives(self, value: _R, /) -> None: ...
    def changes_nothing(self) -> None: ...

class Rule(_rules.Rule, Step[_N, _OI], Generic[_P, _N, _S, _OI]):
    """Revises its first parameter; outside its scope or season the value passes unchanged."""
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _OI: ...
    def example(self, *args: _P.args, **kwargs: _P.kwargs) -> _Example[_S, _OI]: ...

@type_check_only
class _Rule(Generic[_S]):
    @overload
    def __call__(self, function: Callable[[_R], _R], /) -> Rule[[_R], _R | _S, _S, _R]: ...
    @overload
    def __call__(self, function: Callable[[_R, _B], _R], /) -> Rule[[_R, _B], _R | _B | _S, _S, _R]: ...
    @overload
    def __call__(self, function: Callable[[_R, _B, _C], _R], /) -> Rule[[_R, _B, _C], _R | _B | _C | _S, _S, _R]: ...
    @overload
    def __call__(self, function: Callable[[_R, _B, _C, _D], _R], /) -> Rule[[_R, _B, _C, _D], _R | _B | _C | _D | _S, _S, _R]: ...
    @overload
    def __call__(self, function: Callable[[_R, _B, _C, _D, _E], _R], /) -> Rule[[_R, _B, _C, _D, _E], _R | _B | _C | _D | _E | _S, _S, _R]: ...

@overload
def rule(
    *, source: Role, reason: str, confirmed: _Day, season: Season | None = None, debt: Debt | None = None
) -> _Rule[Never]: ...
@overload
def rule(
    *, scope: Scope[..., _S], source: Role, reason: str, confirmed: _Day, season: Season | None = None,
    debt: Debt | None = None,
) -> _Rule[_S]: ...

# -- the process -------------------------------------------------------------------------------------------------------

class Path(_process.Path, Step[_N, _OI], Generic[_N, _OI]):
    """Steps in order; itself a step. Name one to use it twice."""
    @overload
    def __init__(self: Path[_N1, _O1], s1: Step[_N1, _O1], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2, _O1 | _O2], s1: Step[_N1, _O1], s2: Step[_N2, _O2], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3, _O1 | _O2 | _O3], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3 | _N4, _O1 | _O2 | _O3 | _O4], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3 | _N4 | _N5, _O1 | _O2 | _O3 | _O4 | _O5], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3 | _N4 | _N5 | _N6, _O1 | _O2 | _O3 | _O4 | _O5 | _O6], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7 | _N8, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7 | _O8], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], s8: Step[_N8, _O8], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7 | _N8 | _N9, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7 | _O8 | _O9], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], s8: Step[_N8, _O8], s9: Step[_N9, _O9], /) -> None: ...
    @overload
    def __init__(self: Path[_N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7 | _N8 | _N9 | _N10, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7 | _O8 | _O9 | _O10], s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], s8: Step[_N8, _O8], s9: Step[_N9, _O9], s10: Step[_N10, _O10], /) -> None: ...

class When(_process.When, Generic[_KI, _N, _O]):
    """One branch of a choice: where the label is this, these steps."""
    @overload
    def __init__(self: When[_K1, _N1, _O1], label: _K1, s1: Step[_N1, _O1], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2, _O1 | _O2], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3, _O1 | _O2 | _O3], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3 | _N4, _O1 | _O2 | _O3 | _O4], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3 | _N4 | _N5, _O1 | _O2 | _O3 | _O4 | _O5], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3 | _N4 | _N5 | _N6, _O1 | _O2 | _O3 | _O4 | _O5 | _O6], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7 | _N8, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7 | _O8], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], s8: Step[_N8, _O8], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7 | _N8 | _N9, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7 | _O8 | _O9], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], s8: Step[_N8, _O8], s9: Step[_N9, _O9], /) -> None: ...
    @overload
    def __init__(self: When[_K1, _N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7 | _N8 | _N9 | _N10, _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7 | _O8 | _O9 | _O10], label: _K1, s1: Step[_N1, _O1], s2: Step[_N2, _O2], s3: Step[_N3, _O3], s4: Step[_N4, _O4], s5: Step[_N5, _O5], s6: Step[_N6, _O6], s7: Step[_N7, _O7], s8: Step[_N8, _O8], s9: Step[_N9, _O9], s10: Step[_N10, _O10], /) -> None: ...
    @property
    def _label(self) -> _KI: ...
    @_label.setter
    def _label(self, value: _KI) -> None: ...
    @property
    def _needs(self) -> _N: ...
    @property
    def _gives(self) -> _O: ...

class Choice(_process.Choice, Step[_N, _O], Generic[_N, _O]):
    """One path for each label of what `on` gives; there is no default. An Unknown goes to a person."""
    @overload
    def __init__(self: Choice[_N0 | _N1, _K1 | _O1], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], /, *, unknown: Ask | None = None) -> None: ...
    @overload
    def __init__(self: Choice[_N0 | _N1 | _N2, _K1 | _O1 | _O2], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], w2: When[_K1, _N2, _O2], /, *, unknown: Ask | None = None) -> None: ...
    @overload
    def __init__(self: Choice[_N0 | _N1 | _N2 | _N3, _K1 | _O1 | _O2 | _O3], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], w2: When[_K1, _N2, _O2], w3: When[_K1, _N3, _O3], /, *, unknown: Ask | None = None) -> None: ...
    @overload
    def __init__(self: Choice[_N0 | _N1 | _N2 | _N3 | _N4, _K1 | _O1 | _O2 | _O3 | _O4], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], w2: When[_K1, _N2, _O2], w3: When[_K1, _N3, _O3], w4: When[_K1, _N4, _O4], /, *, unknown: Ask | None = None) -> None: ...
    @overload
    def __init__(self: Choice[_N0 | _N1 | _N2 | _N3 | _N4 | _N5, _K1 | _O1 | _O2 | _O3 | _O4 | _O5], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], w2: When[_K1, _N2, _O2], w3: When[_K1, _N3, _O3], w4: When[_K1, _N4, _O4], w5: When[_K1, _N5, _O5], /, *, unknown: Ask | None = None) -> None: ...
    @overload
    def __init__(self: Choice[_N0 | _N1 | _N2 | _N3 | _N4 | _N5 | _N6, _K1 | _O1 | _O2 | _O3 | _O4 | _O5 | _O6], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], w2: When[_K1, _N2, _O2], w3: When[_K1, _N3, _O3], w4: When[_K1, _N4, _O4], w5: When[_K1, _N5, _O5], w6: When[_K1, _N6, _O6], /, *, unknown: Ask | None = None) -> None: ...
    @overload
    def __init__(self: Choice[_N0 | _N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7, _K1 | _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], w2: When[_K1, _N2, _O2], w3: When[_K1, _N3, _O3], w4: When[_K1, _N4, _O4], w5: When[_K1, _N5, _O5], w6: When[_K1, _N6, _O6], w7: When[_K1, _N7, _O7], /, *, unknown: Ask | None = None) -> None: ...
    @overload
    def __init__(self: Choice[_N0 | _N1 | _N2 | _N3 | _N4 | _N5 | _N6 | _N7 | _N8, _K1 | _O1 | _O2 | _O3 | _O4 | _O5 | _O6 | _O7 | _O8], on: Step[_N0, _K1 | Unknown], w1: When[_K1, _N1, _O1], w2: When[_K1, _N2, _O2], w3: When[_K1, _N3, _O3], w4: When[_K1, _N4, _O4], w5: When[_K1, _N5, _O5], w6: When[_K1, _N6, _O6], w7: When[_K1, _N7, _O7], w8: When[_K1, _N8, _O8], /, *, unknown: Ask | None = None) -> None: ...

class Approval(_approvals.Approval, Step[_T, Approved[_T]], Generic[_T]):
    """People say yes to a value. Always written with its type: `Approval[Invoice](...)`."""
    @overload
    def __init__(
        self, *, amount: Callable[[_T], _Amount], bands: Sequence[Band], within: _Span, then: Role,
        when: Scope[..., object] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self, *, by: Sequence[Role], within: _Span, then: Role, when: Scope[..., object] | None = None
    ) -> None: ...

class BusinessException(_process.BusinessException, Step[_N, Never], Generic[_N]):
    """A documented way off the happy path: where it holds, a person goes on, corrects, finishes by hand or withdraws."""
    @overload
    def __init__(self, name: str, /, *, when: Scope[..., _N], ask: Ask) -> None: ...
    @overload
    def __init__(self: BusinessException[Never], name: str, /, *, ask: Ask) -> None: ...

class HandOver(_process.HandOver, Step[_N, _O], Generic[_N, _O]):
    """Gives a value to another automation, durably, or to a person who fills in another one."""
    @overload
    def __init__(self: HandOver[_A, HandedOver], *, to: Receiver[_A], accepted_within: _Span, then: Role) -> None: ...
    @overload
    def __init__(
        self: HandOver[_A, _R], of: type[_A], /, *, to: Role, gives: type[_R], within: _Span, then: Role,
        debt: Debt | None = None,
    ) -> None: ...

class Wait(_process.Wait, Step[_W, Never], Generic[_W]):
    """Goes on later: after a time, or at a moment that a value names. Nothing is held open meanwhile."""
    @overload
    def __init__(self, time: _Span, /) -> None: ...
    @overload
    def __init__(self, *, until: Callable[[_W], datetime]) -> None: ...

class ForEach(_process.ForEach, Step[_T, Collected[_R]], Generic[_T, _I, _R]):
    """The same path for each item of a value. Always written with its types: `ForEach[Order, Line, Booked](...)`."""
    def __init__(self, *, items: Callable[[_T], Sequence[_I]], do: Path[_I | _R | Given, _R]) -> None: ...

# -- the automation ----------------------------------------------------------------------------------------------------

class ManualCheck(_book.ManualCheck):
    """A check that people did by hand, and what replaces it."""
    def __init__(
        self, caught: str, /, *, replaced_by: Step[object, object] | Judge[..., object, object, object] | str
    ) -> None: ...

class Book(_book.Book):
    """What is not automated, what stays with whom, which checks were replaced, and what is assumed."""
    def __init__(
        self, *, not_automated: Sequence[str] = (), stays_with: Mapping[Role, str] | None = None,
        manual_checks: Sequence[ManualCheck] = (), assumptions: Sequence[str] = (),
    ) -> None: ...

class Automation(_automation.Automation, Generic[_T, _OI]):
    """A process of steps with a typed input and output, and those who answer for it.

    Everything that is wrong with it is found when it is made, and raised at once as one DefinitionError.
    """
    def __init__(
        self, name: str, /, *, takes: type[_T], gives: type[_OI], key: Callable[[_T], str], purpose: str, owner: Role,
        process: Path[_T | _OI | Given, _OI], deputy: Role | None = None, sponsor: Role | None = None,
        dated: Callable[[_T], date] | None = None, version: int = 1, open_at_most: int = 1_000_000,
        segments: Mapping[str, Callable[[_T], str]] | None = None, timezone: str = "UTC", unknown: Ask | None = None,
        book: Book | None = None, intake: Sequence[_Source] = (),
    ) -> None: ...
    @property
    def takes(self) -> type[_T]:
        """The contract of its records."""
