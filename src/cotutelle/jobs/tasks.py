"""What the worker does for this room."""

from __future__ import annotations

from procrastinate.contrib.django import app

from cotutelle.jobs import services


@app.task(name=services.RUN_TASK)
def run_job(job_id: int) -> None:
    """Run one queued job."""
    services.run_claimed(job_id)


@app.periodic(cron="* * * * * */10")
@app.task(name="cotutelle.jobs.recover", queueing_lock="cotutelle.jobs.recover")
async def recover(timestamp: int) -> None:
    """Every ten seconds: queue again what a dead worker left behind."""
    from asgiref.sync import sync_to_async  # noqa: PLC0415

    for stalled in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(stalled)
    await sync_to_async(services.recover_jobs)()
