"""What goes in, what comes out, and the teams in between."""

from enum import Enum

from pydantic import BaseModel, Field


class Team(Enum):
    """The teams that answer customers."""

    BANKING = "banking"
    CARDS = "cards"
    KITCHEN = "kitchen"
    HOME = "home"
    WORK = "work"
    FRONT_DESK = "front desk"
    DEVICES = "devices"


class Ticket(BaseModel):
    """A request as it leaves the mailbox."""

    id: str = Field(min_length=1, max_length=80)
    product: str
    text: str = Field(min_length=1, max_length=10_000)


class Assigned(BaseModel):
    """What the help desk answers when a ticket is in a team's queue."""

    assignment: str
    ticket: str
    team: Team
