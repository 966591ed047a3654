"""Making the whole demonstration, step by step, as if it had taken its time."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction

from cotutelle.core.clock import at
from cotutelle.notices.models import Delivery, Notice
from cotutelle.programmes.models import Student
from cotutelle.web.demo.agreements import limit_places, sign_agreement
from cotutelle.web.demo.credentials import certify
from cotutelle.web.demo.hours import seed_hours
from cotutelle.web.demo.last_year import ask_for_another_mentor, build_last_year
from cotutelle.web.demo.log import seal_demo, set_up_log
from cotutelle.web.demo.pairs import find_second_mentors, keep_pair_pages
from cotutelle.web.demo.people import MENTORS, build_mentors
from cotutelle.web.demo.programmes import build_programmes
from cotutelle.web.demo.rotation_planning import seed_rotation_planning
from cotutelle.web.demo.rotation_setup import seed_rotation_setup
from cotutelle.web.demo.scenarios import say_how_content, try_out
from cotutelle.web.demo.staff import build_staff, open_sign_in
from cotutelle.web.demo.state import Demo
from cotutelle.web.demo.this_year import build_this_year, name_logins
from cotutelle.web.demo.units import build_units
from cotutelle.web.demo.weekly import seed_week

log = logging.getLogger(__name__)
# Days before the day of the demonstration.
FOUNDED = 1500
APPOINTED = 1200
READ_AFTER = 10


@transaction.atomic
def seed(day: dt.date) -> Demo:
    """Fill an empty database with the consortium as it stands on ``day``."""
    demo = Demo(day)
    with at(demo.moment(-FOUNDED)):
        demo.units = build_units()
        build_staff(demo)
        set_up_log(demo.units)
    with at(demo.moment(-APPOINTED)):
        build_mentors(demo)
    if len(demo.mentors) != MENTORS:
        raise ValueError(f"DEPARTMENTS: {len(demo.mentors)} mentors instead of {MENTORS}")
    sign_agreement(demo)
    seed_rotation_setup(demo)
    last = build_last_year(demo)
    find_second_mentors(last)
    season = build_this_year(demo)
    limit_places(season)
    ask_for_another_mentor(last)
    keep_pair_pages(last)
    name_logins(season)
    build_programmes(demo, last)
    say_how_content(last)
    try_out(last, season)
    seed_rotation_planning(demo)
    seed_week(demo)
    seed_hours(demo)
    certify(demo, last)
    open_sign_in()
    seal_demo()
    _tidy_inboxes(demo)
    demo.students = Student.objects.count()
    return demo


def _tidy_inboxes(demo: Demo) -> None:
    """Nobody reads mail at an invented address; what is old has been read."""
    Delivery.objects.all().delete()
    old = demo.moment(-READ_AFTER)
    Notice.objects.filter(created_at__lt=old).update(read_at=old)
