"""Students of fixed teams had two mentors before pairs had a page: give each of them one."""

from typing import Any

from django.db import migrations


def make_pairs(apps: Any, schema_editor: Any) -> None:
    Mentorship = apps.get_model("mentorship", "Mentorship")
    Pair = apps.get_model("mentorship", "Pair")
    active = Mentorship.objects.filter(state="active")
    paired = Pair.objects.filter(state="active").values("student")
    seconds = {
        one.student_id: one
        for one in active.filter(role="second").exclude(student__in=paired)
    }
    Pair.objects.bulk_create(
        Pair(
            student_id=first.student_id,
            first=first,
            second=seconds[first.student_id],
            starts_on=max(first.starts_on, seconds[first.student_id].starts_on),
        )
        for first in active.filter(role="first", student__in=list(seconds))
    )


class Migration(migrations.Migration):
    dependencies = [("mentorship", "0005_places_of_mentorships")]

    operations = [migrations.RunPython(make_pairs, migrations.RunPython.noop)]
