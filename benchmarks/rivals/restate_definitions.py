"""What Restate runs: a service whose handler takes four durable steps, served by Hypercorn as `app`."""

import restate
from pydantic import RootModel

from benchmarks import work


class Requests(RootModel[list[work.Request]]):
    """Records, one or many."""


class AllCleaned(RootModel[list[work.Cleaned]]):
    """Their texts in one form."""


class AllSorted(RootModel[list[work.Sorted]]):
    """What they are about."""


class AllPriced(RootModel[list[work.Priced]]):
    """What they cost."""


class Answers(RootModel[list[work.Answer]]):
    """What is answered."""


async def clean(requests: Requests) -> AllCleaned:
    """Clean the texts."""
    return AllCleaned([work.clean(request) for request in requests.root])


async def sort(cleaned: AllCleaned) -> AllSorted:
    """Say what they are about."""
    return AllSorted([work.sort(text) for text in cleaned.root])


async def price(requests: Requests, sorting: AllSorted) -> AllPriced:
    """Say what it costs."""
    return AllPriced([work.price(*both) for both in zip(requests.root, sorting.root, strict=True)])


async def answer(requests: Requests, sorting: AllSorted, priced: AllPriced) -> Answers:
    """Write the answers."""
    every = zip(requests.root, sorting.root, priced.root, strict=True)
    return Answers([work.answer(*all_three) for all_three in every])


answering = restate.Service("Answering")


@answering.handler()
async def run(ctx: restate.Context, requests: Requests) -> Answers:
    """The path."""
    cleaned = await ctx.run_typed("clean", clean, requests=requests)
    sorting = await ctx.run_typed("sort", sort, cleaned=cleaned)
    priced = await ctx.run_typed("price", price, requests=requests, sorting=sorting)
    return await ctx.run_typed("answer", answer, requests=requests, sorting=sorting, priced=priced)


app = restate.app(services=[answering])
