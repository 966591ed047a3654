"""What the clock does for hours: grants research time, looks at bounds, reminds."""

from __future__ import annotations

import datetime as dt

from procrastinate.contrib.django import app

from cotutelle.core.clock import today
from cotutelle.programmes.models import Student
from cotutelle.rotations.queries.hours import WEEK, monday_of
from cotutelle.rotations.services.hours_alerts import evaluate_students, remind_overdue
from cotutelle.rotations.services.hours_grants import follow_leave, grant_week

BATCH = 500
# A student without a roster for so long is not looked at.
RECENT = dt.timedelta(weeks=6)
# For so many weeks, this one included, what was granted follows leave.
FOLLOWED_WEEKS = 5


@app.periodic(cron="20 5 * * *")
@app.task(name="cotutelle.rotations.hours_daily", queueing_lock="cotutelle.rotations.hours_daily")
def hours_daily(timestamp: int) -> None:
    """Every morning: grant this week's research time, less what leave since agreed to takes."""
    grant_week(today())
    for n in range(FOLLOWED_WEEKS):
        follow_leave(today() - n * WEEK)


@app.periodic(cron="40 5 * * 1")
@app.task(name="cotutelle.rotations.hours_weekly", queueing_lock="cotutelle.rotations.hours_weekly")
def hours_weekly(timestamp: int) -> None:
    """Every Monday: look at the week that ended, and remind of overdue follow-ups."""
    evaluate_everybody(monday_of(today()) - WEEK)
    remind_overdue()


def evaluate_everybody(monday: dt.date) -> int:
    """Look at everybody with a recent roster, in batches; return how many students."""
    rows = Student.objects.filter(duties__day__gte=monday - RECENT).distinct().order_by("pk")
    keys = list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        students = Student.objects.filter(pk__in=keys[start : start + BATCH])
        evaluate_students(list(students.select_related("unit", "person").order_by("pk")), monday)
    return len(keys)
