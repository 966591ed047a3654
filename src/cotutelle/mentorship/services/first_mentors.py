"""How many students somebody from outside may be first mentor of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.mentorship.enums import MentorCategory, PairRole, PairState
from cotutelle.mentorship.models import Mentor, Mentorship
from cotutelle.programmes.models import Student

# A mentor and the student whose first mentor they would become.
Fresh = tuple[Mentor, Student]


def require_first_mentors(fresh: Iterable[Fresh], *, off_campus_most: int | None = None) -> None:
    """
    Refuse first mentors beyond what agreements and the rules of a round allow.

    Counted per year of cohort, together with the pairs that exist; the agreements are locked, so
    that two offices cannot both take the last one. Refuses with ``agreement.first_mentors`` and
    ``mentor.off_campus``.
    """
    pairs = list(fresh)
    if off_campus_most is not None:
        _require_off_campus(pairs, off_campus_most)
    lent = Agreement.objects.filter(
        state=AgreementState.IN_FORCE,
        starts_on__lte=today(),
        ends_on__gte=today(),
        first_mentor_most__isnull=False,
        mentors__mentor__in={mentor.pk for mentor, _student in pairs},
    )
    keys = lent.values("pk")
    for agreement in (
        Agreement.objects.select_for_update(of=("self",))
        .filter(pk__in=keys)
        .select_related("unit")
        .order_by("pk")
    ):
        _require_within(agreement, pairs)


def _require_within(agreement: Agreement, pairs: Sequence[Fresh]) -> None:
    most = agreement.first_mentor_most or 0
    mentors = set(agreement.mentors.values_list("mentor_id", flat=True))
    new = Counter(
        student.cohort.year
        for mentor, student in pairs
        if mentor.pk in mentors and student.unit.path.startswith(agreement.unit.path)
    )
    for year, count in sorted(new.items()):
        there = Mentorship.objects.filter(
            mentor_id__in=mentors,
            role=PairRole.FIRST,
            state=PairState.ACTIVE,
            student__cohort__year=year,
            student__unit__path__startswith=agreement.unit.path,
        ).count()
        if there + count > most:
            raise RuleViolation(
                "agreement.first_mentors",
                _(
                    "Under “%(agreement)s” mentors of the partner may be first mentor of at most "
                    "%(most)s students of %(year)s; this would make %(count)s. Limit the places of "
                    "the agreement in the round and run it again."
                )
                % {
                    "agreement": agreement.display_name,
                    "most": most,
                    "year": year,
                    "count": there + count,
                },
            )


def _require_off_campus(pairs: Sequence[Fresh], most: int) -> None:
    mentors = {m.pk: m for m, _student in pairs if m.category == MentorCategory.PRACTICE}
    new = Counter((m.pk, s.cohort.year) for m, s in pairs if m.pk in mentors)
    for (key, year), count in sorted(new.items()):
        there = Mentorship.objects.filter(
            mentor_id=key,
            role=PairRole.FIRST,
            state=PairState.ACTIVE,
            student__cohort__year=year,
        ).count()
        if there + count > most:
            raise RuleViolation(
                "mentor.off_campus",
                _(
                    "%(mentor)s comes from outside and may be first mentor of at most %(most)s "
                    "students of %(year)s; this would make %(count)s."
                )
                % {
                    "mentor": mentors[key].display_name,
                    "most": most,
                    "year": year,
                    "count": there + count,
                },
            )
