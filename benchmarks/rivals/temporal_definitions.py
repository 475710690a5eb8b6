"""What Temporal runs: it wants workflows in a module of their own, which it loads into a sandbox."""

from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from benchmarks import work

_WITHIN = timedelta(seconds=60)


@activity.defn
async def clean(requests: list[work.Request]) -> list[work.Cleaned]:
    """Clean the texts."""
    return [work.clean(request) for request in requests]


@activity.defn
async def sort(cleaned: list[work.Cleaned]) -> list[work.Sorted]:
    """Say what they are about."""
    return [work.sort(text) for text in cleaned]


@activity.defn
async def price(requests: list[work.Request], sorting: list[work.Sorted]) -> list[work.Priced]:
    """Say what it costs."""
    return [work.price(*both) for both in zip(requests, sorting, strict=True)]


@activity.defn
async def answer(
    requests: list[work.Request], sorting: list[work.Sorted], priced: list[work.Priced]
) -> list[work.Answer]:
    """Write the answers."""
    return [work.answer(*all_three) for all_three in zip(requests, sorting, priced, strict=True)]


ACTIVITIES = [clean, sort, price, answer]


@workflow.defn
class Answering:
    """Four activities, for one record or for a list of them."""

    @workflow.run
    async def run(self, requests: list[work.Request]) -> list[work.Answer]:
        """The path."""
        cleaned = await workflow.execute_activity(clean, requests, start_to_close_timeout=_WITHIN)
        sorting = await workflow.execute_activity(sort, cleaned, start_to_close_timeout=_WITHIN)
        priced = await workflow.execute_activity(price, args=[requests, sorting], start_to_close_timeout=_WITHIN)
        return await workflow.execute_activity(answer, args=[requests, sorting, priced], start_to_close_timeout=_WITHIN)
