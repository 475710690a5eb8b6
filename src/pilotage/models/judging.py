"""One model asked about one item: its answers read, one repaired if none holds, and how sure they are together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pilotage.authoring.asking import STATED, Agreement, AskedModel, Inquiry, Probability, Stated, Use
from pilotage.authoring.judgements import Judgement, Note, Quote, abstain
from pilotage.authoring.ports import Caller
from pilotage.machinery.net.masking import hide
from pilotage.models.calling import Calling
from pilotage.models.chat import ChatChoice
from pilotage.models.confidence import agreed, probability
from pilotage.models.errors import NothingHeld, NotValid
from pilotage.models.fencing import seen, unseen
from pilotage.models.forms import Form, LabelForm, Said
from pilotage.models.messages import Body, body, once_more
from pilotage.models.reading import missing, object_in
from pilotage.models.sorting import content_of, none_in
from pilotage.models.values import Sum, total


@dataclass(kw_only=True)
class Judging:
    """One model that is asked about one item."""

    caller: Caller
    inquiry: Inquiry
    form: Form
    data: Mapping[str, str]
    model: AskedModel

    def __post_init__(self) -> None:
        self.calling = Calling(caller=self.caller, model=self.model)
        seen_by_people = {name: seen(text) for name, text in self.data.items()}
        self.shown = {name: hide(text) for name, text in seen_by_people.items()}
        """What the model is shown: without signs that nobody can see, and without credentials that this process holds."""
        prompt = self.inquiry.prompt.text
        self.masked = self.shown != seen_by_people or hide(prompt) != prompt

    def use(self, became: str, measure: str | None = None) -> Use:
        """What it took up to now."""
        return use_of(self.inquiry, self.model, became, total(self.calling.took), measure, masked=self.masked)

    async def judge(self) -> tuple[Judgement[object], str]:
        """The judgement, and what its confidence is. Raises NothingHeld where nothing holds, TransientFailure where it may pass."""
        first = body(self.model, self.inquiry, self.form, self.shown)
        asked = self.inquiry.confidence.answers if isinstance(self.inquiry.confidence, Agreement) else 1
        choices = await self._choices(first, asked)
        said: list[tuple[Said, ChatChoice]] = []
        wrong: list[tuple[NothingHeld, ChatChoice]] = []
        for choice in choices:
            try:
                said.append((self._read(choice), choice))
            except NothingHeld as error:
                wrong.append((error, choice))
        if not said:
            said.append(await self._repaired(first, *wrong[0]))
        return self._judgement(said, asked)

    async def _choices(self, first: Body, asked: int) -> list[ChatChoice]:
        """As many answers as were asked for, also of a server that gives one at a time."""
        answer = await self.calling.ask(first)
        if (nothing := none_in(self.model.name, answer)) is not None:
            raise nothing
        choices = answer.choices[:asked]
        single = {name: value for name, value in first.items() if name != "n"}
        while len(choices) < asked:
            more = (await self.calling.ask(single)).choices[:1]
            if not more:
                break
            choices += more
        return choices

    def _read(self, choice: ChatChoice) -> Said:
        content = content_of(self.model.name, choice)
        said = self.form.read(object_in(content, self.form.fields))
        if missing(said.quotes, self.shown) is not None:
            raise NotValid("What it quotes is not in the text.")
        return said

    async def _repaired(self, first: Body, wrong: NothingHeld, choice: ChatChoice) -> tuple[Said, ChatChoice]:
        """The one more attempt that an answer gets which has the wrong form. Raises what is wrong then."""
        if not isinstance(wrong, NotValid):
            raise wrong
        answer = await self.calling.ask(once_more(first, choice.message.content or "", wrong.what))
        if not answer.choices:
            raise wrong
        return self._read(answer.choices[0]), answer.choices[0]

    def _judgement(self, said: Sequence[tuple[Said, ChatChoice]], asked: int) -> tuple[Judgement[object], str]:
        best, sure, others, measure = self._measured(said, asked)
        if best.value is None:
            return abstain(f"{self.model.name} says that no label fits."), measure
        notes = [Note(f"{hidden:,} signs that nobody can see were left out.")] if (hidden := self._hidden) else []
        alternatives = (
            {self.form.allowed[same]: share for same, share in others.items() if same in self.form.allowed}
            if isinstance(self.form, LabelForm)
            else None
        )
        evidence = [*(Quote(quote) for quote in best.quotes), *notes]
        return Judgement(best.value, confidence=sure, evidence=evidence, alternatives=alternatives), measure

    def _measured(
        self, said: Sequence[tuple[Said, ChatChoice]], asked: int
    ) -> tuple[Said, float, Mapping[str, float], str]:
        first, choice = said[0]
        match self.inquiry.confidence:
            case Agreement():
                best, sure, others = agreed([one for one, _ in said], asked)
                return best, sure, others, f"agreement of {asked}"
            case Probability():
                signs = choice.logprobs.content if choice.logprobs is not None else None
                sure = probability(signs, first.about) if signs else None
                if sure is None:
                    raise NotValid(
                        f"The server of {self.model.name} does not say how probable its answer is.",
                        "Decide it by hand; ask for confidence=Agreement(3), which every server can.",
                    )
                return first, sure, {}, "probability"
            case Stated():
                return first, first.stated or 0.0, {}, STATED
            case None:
                return first, 0.0, {}, "none: it is written"

    @property
    def _hidden(self) -> int:
        return sum(unseen(text) for text in self.data.values())


def use_of(
    inquiry: Inquiry,
    model: AskedModel,
    became: str,
    took: Sum | None = None,
    measure: str | None = None,
    *,
    masked: bool = False,
) -> Use:
    """What a model was asked, what became of it, and what it took."""
    sum_ = took or total(())
    return Use(
        model=model.name,
        prompt=inquiry.prompt_name,
        version=inquiry.prompt.version,
        became=became,
        calls=sum_.calls,
        uncounted=sum_.uncounted,
        tokens_in=sum_.inward,
        tokens_out=sum_.outward,
        money=sum_.money,
        measure=measure,
        masked=masked,
    )
