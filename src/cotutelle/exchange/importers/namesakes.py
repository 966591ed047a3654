"""Who a row of a list of people is: by number, else by a human's decision about namesakes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.core.access import why_not
from cotutelle.exchange.importing import Choice, Context, Fact, Problem, Row
from cotutelle.people.models import Person

SAME, NEW = "same", "new"


def people_of(ctx: Context) -> QuerySet[Person]:
    """Return everybody at or below the unit imported into."""
    return Person.objects.filter(unit__path__startswith=ctx.unit.path, erased_at__isnull=True)


def match_people(rows: Sequence[Row], ctx: Context) -> list[tuple[Row, Person]]:
    """Pair rows with people: by number, else by the decision about a namesake."""
    numbers = {row["number"] for row in rows if row["number"]}
    same = {
        key.split(":", 2)[1]: key.split(":", 2)[2]
        for key, answer in ctx.decisions.items()
        if key.startswith("namesake:") and answer == SAME
    }
    chosen = [public_id for number, public_id in same.items() if number in numbers]
    known = list(
        people_of(ctx)
        .filter(Q(number__in=numbers) | Q(public_id__in=chosen))
        .select_related("unit")
        .prefetch_related("grants")
    )
    by_number = {p.number: p for p in known if p.number in numbers}
    by_id = {str(p.public_id): p for p in known}
    pairs = []
    for row in rows:
        person = by_number.get(row["number"]) or by_id.get(same.get(row["number"] or "", ""))
        if person is not None:
            pairs.append((row, person))
    return pairs


def ambiguous_numbers(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Numbers that two units below this one gave to different people."""
    numbers = {row["number"] for row in rows if row["number"]}
    seen: set[str] = set()
    twice: set[str] = set()
    for number in people_of(ctx).filter(number__in=numbers).values_list("number", flat=True):
        (twice if number in seen else seen).add(number)
    text = _("Several people below this unit have this number. Import into their own unit.")
    return [
        Problem(row.number, "number", "person.ambiguous_number", text)
        for row in rows
        if row["number"] in twice
    ]


def namesakes(rows: Sequence[Row], ctx: Context) -> list[Problem]:
    """Ask about each pair: a new number with the name of somebody already known."""
    numbers = {row["number"] for row in rows if row["number"]}
    known = set(people_of(ctx).filter(number__in=numbers).values_list("number", flat=True))
    fresh = [r for r in rows if r["number"] and r["number"] not in known]
    names = {r["name_zh"] for r in fresh if r["name_zh"]}
    english = {r["name_en"].casefold() for r in fresh if r["name_en"] and not r["name_zh"]}
    if not names and not english:
        return []
    by_name: dict[str, list[Person]] = {}
    condition = Q(name_zh__in=names - {""})
    if english:
        condition |= Q(name_zh="", name_sort__in=english)
    for person in people_of(ctx).filter(condition).select_related("unit").order_by("id"):
        if person.number not in numbers and not why_not(ctx.actor, "people.view_person", person):
            by_name.setdefault(person.name_zh or person.name_sort, []).append(person)
    return [
        _question(row, person)
        for row in fresh
        for person in by_name.get(row["name_zh"] or row.get("name_en", "").casefold(), ())
    ]


def _question(row: Row, person: Person) -> Problem:
    def pair(label: str, name: str, known: str) -> Fact:
        return Fact(label, str(row.get(name, "")), known)

    return Problem(
        row.number,
        "name_zh" if row["name_zh"] else "name_en",
        "person.namesake",
        _("Somebody with this name and another number is known already. Is it the same person?"),
        key=f"namesake:{row['number']}:{person.public_id}",
        choices=(
            Choice(SAME, _("The same person: give them the new number")),
            Choice(NEW, _("Another person: create a new record")),
        ),
        facts=(
            pair(_("Staff or student number"), "number", person.number),
            pair(_("Name"), "name_zh" if row["name_zh"] else "name_en", person.display_name),
            pair(_("Unit"), "unit", person.unit.display_name if person.unit else ""),
            pair(_("E-mail"), "email", person.email),
            pair(_("Telephone"), "phone", person.phone),
        ),
    )
