"""What our own side holds up, in words for whoever has waited until nothing moved any more."""

from pilotage.cases.store import standing
from pilotage.machinery.storage.database import Database


def held_up_in_words(database: Database) -> list[str]:
    """A sentence for each connection and reason: "3 effects of payments wait: ... To do: ..."; mostly none."""
    with database.snapshot() as tx:
        found = standing.held_up(tx)
    return [
        f"{one.number:,} {one.what if one.number == 1 else one.what + 's'} of {one.connection} "
        f"{'waits' if one.number == 1 else 'wait'}: {one.words}"
        for one in found
    ]
