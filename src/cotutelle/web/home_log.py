"""What the log asks of those who keep it: a block, a silent witness, a failed anchor."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import why_not
from cotutelle.core.clock import now
from cotutelle.ledger.problems import words_of
from cotutelle.ledger.queries.standing import standing
from cotutelle.people.models import Person
from cotutelle.web.todos import Todo, todo


def log_todos(person: Person) -> Iterator[Todo]:
    """Yield what is wrong with the log; nothing for those who do not keep it."""
    if why_not(person, "ledger.manage_log") is not None:
        return
    stands = standing()
    if stands is None:
        return
    url = reverse("log:status")
    if stands.shard.blocked:
        yield todo(
            _("The log is blocked: nothing is signed"),
            context=str(words_of(stands.shard.blocked).says),
            due=now(),
            url=url,
            action=_("See what to do"),
            icon="lock",
        )
    silent = [one for one in stands.watchers if one.witness.problem]
    if silent:
        yield todo(
            ngettext(
                "%(n)d witness of the log has a problem",
                "%(n)d witnesses of the log have a problem",
                len(silent),
            )
            % {"n": len(silent)},
            context=str(words_of(silent[0].witness.problem).says),
            url=url,
            action=_("See what to do"),
            icon="eye-off",
        )
    if any(line.last.state == "failed" for line in stands.anchors):
        yield todo(
            _("An anchor of the log failed"),
            url=url,
            action=_("See what to do"),
            icon="anchor-off",
        )
