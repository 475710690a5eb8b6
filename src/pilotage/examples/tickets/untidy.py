"""What life does to a sentence on its way into a mailbox: each function spoils it in one way."""

from collections.abc import Callable
from random import Random

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "k": "jl",
    "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi", "w": "qe", "y": "tu",
}  # fmt: skip
_GREETINGS = (
    "Dear team,", "Hello,", "Hi there,", "Good morning,", "Dear Sir or Madam,", "To whom it may concern,", "hi",
    "Guten Tag,", "Hallo zusammen,", "Bonjour,", "Buenos días,", "Hello dear support team, I hope you are all well.",
    "Hello, it is me again.", "First of all many thanks for your good work all these years.",
)  # fmt: skip
_GOODBYES = (
    "Thanks", "Thank you very much in advance!", "Kind regards", "Best wishes and a pleasant day to everybody",
    "Mit freundlichen Grüßen", "Cordialement", "Muchas gracias", "Looking forward to your answer", "cheers",
    "I know that you have a lot to do and would be ever so grateful.", "PLEASE ANSWER THIS TIME",
)  # fmt: skip
_NAMES = ("Ines Duarte", "T. Wieczorek", "Okafor", "Farah B.", "Jonas Lindqvist", "M. Keller", "A. Moreau", "Siobhan")
_FOOTERS = (
    "Sent from my telephone",
    "This message is confidential. If you are not the one it is meant for, please delete it.",
    "Please think of the trees before you print this.",
    "Customer since 2009",
)
_FILLERS = (
    "I already tried twice.", "It is rather urgent.", "My wife says it used to work.", "No hurry.",
    "I asked you the same thing in spring.", "I am a bit annoyed, to be honest.", "You can reach me in the afternoon.",
    "Perhaps I am doing something wrong.", "The young man on the telephone could not help.",
)  # fmt: skip
_AND_ALSO = ("Also, ", "And another thing: ", "By the way, ", "PS: ", "While I am writing: ", "Oh, and ", "Außerdem: ")
_OLD_MAILS = (
    "Thank you for your message. We are looking into it and will be in touch.",
    "Your request has reached us. Please do not answer this message.",
    "Dear customer, please send us your customer number.",
)


def typing_slips(text: str, chance: Random) -> str:
    """One or two letters missing, doubled, swapped or hit beside."""
    letters = list(text)
    for _ in range(chance.randint(1, 2)):
        spots = [spot for spot, letter in enumerate(letters[:-1]) if letter.isalpha() and letters[spot + 1].isalpha()]
        if not spots:
            break
        spot = chance.choice(spots)
        match chance.randrange(4):
            case 0:
                del letters[spot]
            case 1:
                letters.insert(spot, letters[spot])
            case 2:
                letters[spot], letters[spot + 1] = letters[spot + 1], letters[spot]
            case _:
                letters[spot] = chance.choice(_NEIGHBOURS.get(letters[spot].lower(), letters[spot]))
    return "".join(letters)


def shouting(text: str, chance: Random) -> str:
    """Capitals, and marks at the end."""
    return text.upper() + "!" * chance.randint(1, 4)


def tidy_sentence(text: str, chance: Random) -> str:
    """A capital at the beginning and a mark at the end."""
    return text[:1].upper() + text[1:].rstrip(".?!") + chance.choice(".?!")


def politeness(text: str, chance: Random) -> str:
    """A greeting, a goodbye or both, sometimes in another language than the rest."""
    before = chance.choice(_GREETINGS) + chance.choice((" ", "\n")) if chance.random() < 0.7 else ""
    after = chance.choice((" ", "\n")) + chance.choice(_GOODBYES) if chance.random() < 0.6 else ""
    return f"{before}{text}{after}"


def filler(text: str, chance: Random) -> str:
    """A sentence that says nothing about the matter, before or after it."""
    spare = chance.choice(_FILLERS)
    return f"{spare} {text}" if chance.random() < 0.4 else f"{text} {spare}"


def signature(text: str, chance: Random) -> str:
    """A name, a customer number, a footer."""
    number = f"\nCustomer no. {chance.randint(100_000, 999_999)}" if chance.random() < 0.4 else ""
    footer = f"\n{chance.choice(_FOOTERS)}" if chance.random() < 0.5 else ""
    return f"{text}\n--\n{chance.choice(_NAMES)}{number}{footer}"


def quoted_mail(text: str, chance: Random, earlier: str) -> str:
    """The mail before it, quoted below: our answer, and what the customer wanted then."""
    day = f"{chance.randint(1, 28)} {chance.choice(('March', 'May', 'September'))}"
    return f"{text}\n\nOn {day} you wrote:\n> {chance.choice(_OLD_MAILS)}\n>\n>> {earlier}"


def second_wish(text: str, chance: Random, wish: str) -> str:
    """Another wish in the same mail; the first one counts."""
    return f"{text.rstrip('.')}. {chance.choice(_AND_ALSO)}{wish}"


Spoiler = Callable[[str, Random], str]
