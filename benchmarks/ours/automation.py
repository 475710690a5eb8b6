"""The work as an automation."""

import pilotage as pl
from benchmarks import work

clean = pl.compute(work.clean)
sort = pl.compute(work.sort)
price = pl.compute(work.price)
answer = pl.compute(work.answer)

requests = pl.Automation(
    "requests",
    purpose="Every request is answered.",
    takes=work.Request,
    gives=work.Answer,
    key=lambda request: request.id,
    owner=pl.Role("operations"),
    process=pl.Path(clean, sort, price, answer),
)
