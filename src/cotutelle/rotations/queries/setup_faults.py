"""What contradicts itself in a curriculum, whether it is stored or stands in a spreadsheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.rotations.models import Curriculum


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A block as its parts refer to each other: by codes. ``latest`` counts months from 0."""

    code: str
    department: str
    months: int
    part_months: int = 0
    earliest: int = 0
    latest: int | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """An elective group: ``choose`` of its blocks are done."""

    code: str
    name_zh: str
    name_en: str = ""
    choose: int = 1


@dataclass(frozen=True, slots=True)
class OrderLine:
    """``before`` is over when ``after`` begins; ``is_needed``: ``after`` only if it was done."""

    before: str
    after: str
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a curriculum asks for."""

    months: int
    blocks: tuple[BlockLine, ...] = ()
    groups: tuple[GroupLine, ...] = ()
    orders: tuple[OrderLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One contradiction; ``code`` is stable, ``message`` for people, ``block`` where it is."""

    code: str
    message: str
    block: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Months: of the curriculum, of mandatory blocks, least and most of chosen electives."""

    wanted: int
    mandatory: int
    electives_least: int
    electives_most: int

    @property
    def least(self) -> int:
        """The fewest months anybody spends."""
        return self.mandatory + self.electives_least

    @property
    def most(self) -> int:
        """The most months anybody spends."""
        return self.mandatory + self.electives_most

    @property
    def fits(self) -> bool:
        """Every choice of electives fills the curriculum exactly."""
        return self.least == self.most == self.wanted


def content_of(curriculum: Curriculum) -> Content:
    """Return what a stored curriculum asks for."""
    blocks = curriculum.blocks.select_related("department", "group")
    return Content(
        months=curriculum.months,
        blocks=tuple(
            BlockLine(
                b.code, b.department.code, b.months, b.part_months, b.earliest, b.latest,
                b.group.code if b.group else "",
            )
            for b in blocks
        ),
        groups=tuple(
            GroupLine(g.code, g.name_zh, g.name_en, g.choose)
            for g in curriculum.groups.order_by("id")
        ),
        orders=tuple(
            OrderLine(o.before.code, o.after.code, o.is_needed)
            for o in curriculum.orders.select_related("before", "after").order_by("id")
        ),
    )  # fmt: skip


def totals_of(content: Content) -> Totals:
    """Add up the months, electives by the shortest and the longest choice."""
    mandatory = sum(b.months for b in content.blocks if not b.group)
    least = most = 0
    for group in content.groups:
        lengths = sorted(b.months for b in content.blocks if b.group == group.code)
        least += sum(lengths[: group.choose])
        most += sum(lengths[len(lengths) - min(group.choose, len(lengths)) :])
    return Totals(content.months, mandatory, least, most)


def faults_of(
    content: Content,
    *,
    accredited: frozenset[str] | None = None,
    names: Mapping[str, str] | None = None,
) -> list[Fault]:
    """
    Return every contradiction of a curriculum.

    Parameters
    ----------
    accredited
        Codes of departments for which some open ward is accredited; ``None`` does not ask.
    names
        What departments are called, by code; the code itself where there is none.
    """
    faults = _total_faults(content) + _block_faults(content)
    faults += _group_faults(content) + _order_faults(content)
    if accredited is not None:
        missing = sorted({b.department for b in content.blocks} - accredited)
        faults += [
            Fault(
                "ward",
                _("No open ward is accredited for “%(name)s”.")
                % {"name": (names or {}).get(code, code)},
            )
            for code in missing
        ]
    return faults


def _total_faults(content: Content) -> list[Fault]:
    totals = totals_of(content)
    if not content.blocks:
        return [Fault("empty", _("The curriculum has no blocks."))]
    if totals.fits:
        return []
    if totals.least != totals.most:
        message = _(
            "Depending on the electives the blocks last %(least)s to %(most)s months; the"
            " curriculum has %(wanted)s."
        )
    else:
        message = _("The blocks last %(least)s months; the curriculum has %(wanted)s.")
    values = {"least": totals.least, "most": totals.most, "wanted": totals.wanted}
    return [Fault("total", message % values)]


def _block_faults(content: Content) -> list[Fault]:
    faults = []
    for block in content.blocks:
        latest = content.months - 1 if block.latest is None else block.latest
        room = latest - block.earliest + 1
        values = {"code": block.code, "months": block.months, "room": max(0, room)}
        if latest >= content.months:
            faults.append(
                Fault(
                    "window_end",
                    _("Block %(code)s may last beyond the end of the curriculum.") % values,
                    block.code,
                )
            )
        if room < block.months:
            faults.append(
                Fault(
                    "window",
                    _("Block %(code)s lasts %(months)s months, but its window has only %(room)s.")
                    % values,
                    block.code,
                )
            )
        if block.part_months >= block.months > 0 and block.part_months:
            faults.append(
                Fault(
                    "parts",
                    _("Block %(code)s is cut into parts as long as the whole.") % values,
                    block.code,
                )
            )
    return faults


def _group_faults(content: Content) -> list[Fault]:
    offered = Counter(b.group for b in content.blocks if b.group)
    faults = []
    for group in content.groups:
        n = offered[group.code]
        if group.choose > n or group.choose < 1:
            text = ngettext(
                "Elective group %(code)s asks for %(choose)s of %(n)s block.",
                "Elective group %(code)s asks for %(choose)s of %(n)s blocks.",
                n,
            )
            values = {"code": group.code, "choose": group.choose, "n": n}
            faults.append(Fault("group", text % values))
    return faults


def _order_faults(content: Content) -> list[Fault]:
    if circle := _circle(content.orders):
        text = _("These blocks wait for each other: %(codes)s.")
        return [Fault("circle", text % {"codes": " → ".join(circle)}, circle[0])]
    blocks = {b.code: b for b in content.blocks}
    faults = []
    for order in content.orders:
        first, then = blocks[order.before], blocks[order.after]
        latest = content.months - 1 if then.latest is None else then.latest
        if first.earliest + first.months + then.months - 1 > latest:
            text = _("Block %(after)s cannot follow %(before)s inside its window.")
            values = {"before": order.before, "after": order.after}
            faults.append(Fault("order", text % values, order.after))
    return faults


def _circle(orders: Sequence[OrderLine]) -> list[str]:
    """Return the blocks of one circle of orders, the first repeated at the end; or nothing."""
    followers: dict[str, list[str]] = {}
    for order in orders:
        followers.setdefault(order.before, []).append(order.after)
    done: set[str] = set()
    for start in followers:
        if found := _walk(start, followers, [], done):
            return found
    return []


def _walk(code: str, followers: dict[str, list[str]], path: list[str], done: set[str]) -> list[str]:
    if code in path:
        return [*path[path.index(code) :], code]
    if code in done:
        return []
    for follower in followers.get(code, ()):
        if found := _walk(follower, followers, [*path, code], done):
            return found
    done.add(code)
    return []
