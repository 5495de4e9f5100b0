"""When registered public keys of agents and operators expire (v1 section 3.2)."""

import calendar
from datetime import datetime

_YEARS = 2


def expiry(moment: datetime) -> datetime:
    """The moment two years after a key's registration."""
    year = moment.year + _YEARS
    # 29 February does not exist two years later.
    day = min(moment.day, calendar.monthrange(year, moment.month)[1])
    return moment.replace(year=year, day=day)
