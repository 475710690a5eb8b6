"""Support requests made up from the phrases of the example: nobody's real ones, and the same for the same seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from pilotage.examples.tickets import untidy
from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.material import Example, Material, Request
from pilotage.examples.tickets.phrases import PhraseBook, Topic, phrase_book

EXAMPLES = 2_500
REQUESTS = 2_000
SEED = 7

_SHARES: dict[Team | None, float] = {
    Team.BANKING: 0.22,
    Team.CARDS: 0.23,
    Team.KITCHEN: 0.10,
    Team.HOME: 0.14,
    Team.WORK: 0.14,
    Team.FRONT_DESK: 0.05,
    Team.DEVICES: 0.08,
    None: 0.04,
}
_LANGUAGES = {"en": 0.86, "de": 0.06, "es": 0.04, "fr": 0.04}
_NOT_LABELLED_YET = 4  # every fourth phrase is kept from the labelled texts: customers go on finding new words


@dataclass(frozen=True, kw_only=True)
class _Written:
    team: Team | None
    product: str
    text: str


def generated(*, requests: int = REQUESTS, examples: int = EXAMPLES, seed: int = SEED) -> Material:
    """Labelled texts to learn from and requests to run, which use phrases that the labelled ones do not."""
    learned = [
        Example(text=written.text, team=written.team)
        for written in _distinct(_Writer(Random(f"examples {seed}"), new_phrases=False), examples, without=set())
    ]
    fresh = _distinct(
        _Writer(Random(f"requests {seed}"), new_phrases=True), requests, without={example.text for example in learned}
    )
    run = {
        Request(id=f"T{number:06d}", product=written.product, text=written.text): written.team
        for number, written in enumerate(fresh, start=1)
    }
    return Material(
        source=f"requests made up by the example itself (seed {seed}): phrases written for it, nobody's real mail",
        examples=learned,
        requests=tuple(run),
        truth={request.id: team for request, team in run.items()},
    )


def _distinct(writer: "_Writer", count: int, *, without: set[str]) -> Iterator[_Written]:
    seen = set(without)
    while count:
        written = writer.mail()
        if written.text not in seen:
            seen.add(written.text)
            count -= 1
            yield written


class _Writer:
    """Writes one mail after the other."""

    def __init__(self, chance: Random, *, new_phrases: bool, book: PhraseBook | None = None) -> None:
        self._chance = chance
        self._new_phrases = new_phrases
        self._book = book or phrase_book()
        self._topics = {team: [topic for topic in self._book.topics if topic.team is team] for team in _SHARES}

    def mail(self) -> _Written:
        chance = self._chance
        (team,) = chance.choices(list(_SHARES), weights=list(_SHARES.values()))
        topic = chance.choice(self._topics[team])
        return _Written(team=team, product=chance.choice(topic.products), text=self._spoiled(self._wish(topic)))

    def _wish(self, topic: Topic) -> str:
        chance = self._chance
        if topic.vague and chance.random() < 0.07:
            return self._book.say(chance.choice(topic.vague), "en", chance)
        (language,) = chance.choices(list(_LANGUAGES), weights=list(_LANGUAGES.values()))
        language = language if topic.phrases[language] else "en"
        return self._book.say(chance.choice(self._usable(topic.phrases[language])), language, chance)

    def _usable(self, phrases: Sequence[str]) -> Sequence[str]:
        if self._new_phrases or len(phrases) < _NOT_LABELLED_YET:
            return phrases
        return [phrase for number, phrase in enumerate(phrases, start=1) if number % _NOT_LABELLED_YET]

    def _spoiled(self, text: str) -> str:
        chance = self._chance
        often: list[tuple[float, untidy.Spoiler]] = [
            (0.55, untidy.tidy_sentence),
            (0.24, untidy.typing_slips),
            (0.18, untidy.filler),
            (0.06, lambda text, chance: untidy.second_wish(text, chance, self._wish(self._any_topic()))),
            (0.05, untidy.shouting),
            (0.35, untidy.politeness),
            (0.12, untidy.signature),
            (0.03, lambda text, chance: untidy.quoted_mail(text, chance, self._wish(self._any_topic()))),
        ]
        for probability, spoil in often:
            if chance.random() < probability:
                text = spoil(text, chance)
        return text

    def _any_topic(self) -> Topic:
        return self._chance.choice(self._book.topics)
