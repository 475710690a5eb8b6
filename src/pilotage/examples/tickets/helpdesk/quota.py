"""How many requests the help desk takes: so many in a second of the clock, so many in a day of its calendar."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The declared quota; None is no limit. A request that is turned away is not counted."""

    per_second: int | None = None
    per_day: int | None = None
    zone: str = "Europe/Berlin"


class Meter:
    """Counts requests in the windows of a quota."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.most_in_a_second = 0
        self._zone = ZoneInfo(quota.zone)
        self._second = 0
        self._in_second = 0
        self._day_ends = 0.0
        self._in_day = 0

    @property
    def today(self) -> int:
        """Requests counted in the day of the last one."""
        return self._in_day

    def retry_after(self, now: datetime) -> int | None:
        """Whole seconds until the exhausted window ends; None if there is room."""
        self._turn(now)
        quota = self.quota
        if quota.per_day is not None and self._in_day >= quota.per_day:
            return ceil(self._day_ends - now.timestamp())
        if quota.per_second is not None and self._in_second >= quota.per_second:
            return 1
        return None

    def count(self, now: datetime) -> None:
        """One request was taken."""
        self._turn(now)
        self._in_second += 1
        self._in_day += 1
        self.most_in_a_second = max(self.most_in_a_second, self._in_second)

    def _turn(self, now: datetime) -> None:
        moment = now.timestamp()
        if int(moment) != self._second:
            self._second, self._in_second = int(moment), 0
        if moment >= self._day_ends:
            midnight = datetime.combine(now.astimezone(self._zone).date() + timedelta(days=1), datetime.min.time())
            self._day_ends, self._in_day = midnight.replace(tzinfo=self._zone).timestamp(), 0
