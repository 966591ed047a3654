"""A worker that takes one job and says how far it is, for tests that kill it."""

from __future__ import annotations

import sys

import django


def main(job_id: int) -> None:
    """Run the job; one line for each step."""
    from cotutelle.jobs.reporting import RunningHandle  # noqa: PLC0415
    from cotutelle.jobs.services import run_claimed  # noqa: PLC0415

    told = RunningHandle.progress

    def progress(handle: RunningHandle, done: int, total: int) -> None:
        told(handle, done, total)
        print(done, flush=True)  # noqa: T201

    RunningHandle.progress = progress  # type: ignore[method-assign]
    run_claimed(job_id)


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))
