"""Whom a reader may sign in as: shown on the sign-in page of a demo and at its start."""

from __future__ import annotations

from cotutelle.people.demo_logins import DemoLogin
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.web.demo.staff import PASSWORD, POSTS

# Sign-in names that the seed gives to people with something to do.
MENTOR, MENTOR_DONE, STUDENT, STUDENT_PLACED = "mentor", "mentor.done", "student", "student.2025"
_FIRST = ("officer", MENTOR, STUDENT)


def demo_logins() -> list[DemoLogin]:
    """Return the logins, the three of the tour first; none where the demo was not seeded."""
    roles: dict[str, Role] = {post.username: post.role for post in POSTS}
    roles |= {MENTOR: Role.MENTOR, MENTOR_DONE: Role.MENTOR}
    roles |= {STUDENT: Role.STUDENT, STUDENT_PLACED: Role.STUDENT}
    people = Person.objects.filter(username__in=roles, is_demo=True)
    order = {name: n for n, name in enumerate((*_FIRST, *roles))} | {
        name: n - len(_FIRST) for n, name in enumerate(_FIRST)
    }
    return [
        DemoLogin(str(roles[one.username].label), one.display_name, one.username, PASSWORD)
        for one in sorted(people, key=lambda one: order[one.username])
    ]
