"""Everything that can be wrong with a market, found in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from cotutelle.engines.matching.entities import (
    MAX_QUOTA,
    Ban,
    Group,
    GroupId,
    InputFault,
    Mentor,
    MentorId,
    Offer,
    OfferId,
    Pin,
    StudentId,
)
from cotutelle.engines.matching.preferences import Preferences, is_strict, listed_ids, tie_groups

_BAN_KINDS = ("conflict", "policy")


def find_faults(
    *,
    student_preferences: Mapping[StudentId, Preferences],
    offers: Mapping[OfferId, Offer],
    mentors: Mapping[MentorId, Mentor],
    pins: Mapping[StudentId, Pin],
    bans: Mapping[tuple[StudentId, OfferId], Ban],
    seed: str,
    groups: Mapping[GroupId, Group],
) -> list[InputFault]:
    """
    Return every fault of a problem made of these; an empty list means it can be matched.

    Notes
    -----
    O(total length of all lists) time.
    """
    students = student_preferences.keys()
    mentor_lists = ((key, mentor.preferences) for key, mentor in mentors.items())
    group_lists = ((key, group.priority) for key, group in groups.items())
    return [
        *_unusable_ids("student_preferences", students),
        *_unusable_ids("offers", offers),
        *_unusable_ids("mentors", mentors),
        *_unusable_ids("groups", groups),
        *_unusable_seed(seed),
        *_list_faults(
            "student_preferences", "student", "offer", student_preferences.items(), offers.keys()
        ),
        *_quota_faults("offers", "offer", offers),
        *_bad_weights(offers),
        *_ownerless_offers(offers, mentors),
        *_quota_faults("mentors", "mentor", mentors),
        *_list_faults("mentors", "mentor", "student", mentor_lists, students),
        *_groupless_mentors(mentors, groups),
        *_ban_faults(bans, students, offers),
        *_pin_faults(pins, students, offers, mentors, bans),
        *_group_quota_faults(groups),
        *_list_faults("groups", "group", "student", group_lists, students),
        *_lost_groups(groups),
        *_group_pin_faults(pins, offers, mentors, groups),
    ]


def _unusable_ids(argument: str, ids: Collection[str]) -> Iterator[InputFault]:
    if "" not in ids and _encodable("".join(ids)):
        return
    for id_ in ids:
        if not id_:
            yield InputFault(argument, id_, "empty_id", "an id is empty")
        elif not _encodable(id_):
            yield InputFault(argument, id_, "bad_id", f"the id {id_!r} is not valid Unicode")


def _unusable_seed(seed: str) -> Iterator[InputFault]:
    if not _encodable(seed):
        yield InputFault("seed", "", "bad_id", f"the seed {seed!r} is not valid Unicode")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _list_faults(
    argument: str,
    owner_word: str,
    item_word: str,
    lists: Iterable[tuple[str, Preferences]],
    known: Collection[str],
) -> Iterator[InputFault]:
    known_ids = frozenset(known)
    for owner, preferences in lists:
        ids = preferences if is_strict(preferences) else listed_ids(preferences)
        distinct = set(ids)
        if len(distinct) != len(ids):
            for item, count in Counter(ids).items():
                if count > 1:
                    message = f"{owner_word} {owner!r} lists {item_word} {item!r} {count} times"
                    yield InputFault(argument, owner, "duplicate", message)
        if not distinct <= known_ids:
            for item in sorted(str(item) for item in distinct - known_ids):
                message = f"{owner_word} {owner!r} lists the unknown {item_word} {item!r}"
                yield InputFault(argument, owner, f"unknown_{item_word}", message)
        if ids is not preferences and any(not group for group in tie_groups(preferences)):
            message = f"{owner_word} {owner!r} has an empty place in the list"
            yield InputFault(argument, owner, "empty_place", message)


def _quota_faults(
    argument: str, word: str, owners: Mapping[str, Offer] | Mapping[str, Mentor]
) -> Iterator[InputFault]:
    for key, owner in owners.items():
        quota, lower = owner.quota, owner.lower_quota
        if type(quota) is int is type(lower) and 0 <= lower <= quota <= MAX_QUOTA:
            continue
        yield from _bad_quotas(argument, word, key, quota, lower)


def _group_quota_faults(groups: Mapping[GroupId, Group]) -> Iterator[InputFault]:
    for key, group in groups.items():
        quota = MAX_QUOTA if group.quota is None else group.quota
        yield from _bad_quotas("groups", "group", key, quota, group.lower_quota)


def _bad_quotas(argument: str, word: str, key: str, quota: int, lower: int) -> Iterator[InputFault]:
    fault = _number_fault(quota, "quota")
    if fault:
        yield InputFault(argument, key, "bad_quota", f"{word} {key!r} has {fault}")
    below = _number_fault(lower, "minimum")
    if below:
        yield InputFault(argument, key, "bad_lower_quota", f"{word} {key!r} has {below}")
    if not fault and not below and lower > quota:
        message = f"{word} {key!r} has the minimum {lower}, above its quota {quota}"
        yield InputFault(argument, key, "lower_above_quota", message)


def _number_fault(value: object, word: str) -> str:
    if type(value) is not int:
        return f"the {word} {value!r}, which is not a whole number"
    if value < 0:
        return f"the negative {word} {value}"
    if value > MAX_QUOTA:
        return f"a {word} above {MAX_QUOTA}"
    return ""


def _bad_weights(offers: Mapping[OfferId, Offer]) -> Iterator[InputFault]:
    for key, offer in offers.items():
        weight = offer.weight
        if type(weight) is not int or not 1 <= weight <= MAX_QUOTA:
            message = f"offer {key!r} has the weight {weight!r}, not a whole number from 1"
            yield InputFault("offers", key, "bad_weight", message)


def _groupless_mentors(
    mentors: Mapping[MentorId, Mentor], groups: Mapping[GroupId, Group]
) -> Iterator[InputFault]:
    for key, mentor in mentors.items():
        if mentor.group_id is not None and mentor.group_id not in groups:
            message = f"mentor {key!r} counts in the unknown group {mentor.group_id!r}"
            yield InputFault("mentors", key, "unknown_group", message)


def _ownerless_offers(
    offers: Mapping[OfferId, Offer], mentors: Mapping[MentorId, Mentor]
) -> Iterator[InputFault]:
    for key, offer in offers.items():
        if offer.mentor_id not in mentors:
            message = f"offer {key!r} belongs to the unknown mentor {offer.mentor_id!r}"
            yield InputFault("offers", key, "unknown_mentor", message)


def _ban_faults(
    bans: Mapping[tuple[StudentId, OfferId], Ban],
    students: Collection[StudentId],
    offers: Mapping[OfferId, Offer],
) -> Iterator[InputFault]:
    for (student, offer), ban in bans.items():
        key = (student, offer)
        if student not in students:
            message = f"a ban names the unknown student {student!r}"
            yield InputFault("bans", key, "unknown_student", message)
        if offer not in offers:
            message = f"a ban names the unknown offer {offer!r}"
            yield InputFault("bans", key, "unknown_offer", message)
        if ban.kind not in _BAN_KINDS:
            message = f"the ban of {student!r} and {offer!r} has the unknown kind {ban.kind!r}"
            yield InputFault("bans", key, "unknown_kind", message)


def _pin_faults(
    pins: Mapping[StudentId, Pin],
    students: Collection[StudentId],
    offers: Mapping[OfferId, Offer],
    mentors: Mapping[MentorId, Mentor],
    bans: Mapping[tuple[StudentId, OfferId], Ban],
) -> Iterator[InputFault]:
    at_offer: Counter[str] = Counter()
    at_mentor: Counter[str] = Counter()
    for student, pin in pins.items():
        offer = offers.get(pin.offer_id)
        if student not in students:
            message = f"a pin names the unknown student {student!r}"
            yield InputFault("pins", student, "unknown_student", message)
        if offer is None:
            message = f"student {student!r} is pinned to the unknown offer {pin.offer_id!r}"
            yield InputFault("pins", student, "unknown_offer", message)
            continue
        if (student, pin.offer_id) in bans:
            message = f"student {student!r} is pinned to offer {pin.offer_id!r}, which is banned"
            yield InputFault("pins", student, "pin_against_ban", message)
        at_offer[pin.offer_id] += 1
        at_mentor[offer.mentor_id] += offer.weight
        mentor = mentors.get(offer.mentor_id)
        if at_offer[pin.offer_id] > offer.quota:
            full = f"offer {pin.offer_id!r}, whose quota is {offer.quota}"
        elif mentor is not None and at_mentor[offer.mentor_id] > mentor.quota:
            full = f"mentor {offer.mentor_id!r}, whose quota is {mentor.quota}"
        else:
            continue
        message = f"the pin of student {student!r} is one too many for {full}"
        yield InputFault("pins", student, "pin_against_quota", message)


def _lost_groups(groups: Mapping[GroupId, Group]) -> Iterator[InputFault]:
    """Yield groups in an unknown group, and groups that lie in themselves."""
    rooted: set[GroupId] = set()
    for key, group in groups.items():
        if group.parent_id is not None and group.parent_id not in groups:
            message = f"group {key!r} lies in the unknown group {group.parent_id!r}"
            yield InputFault("groups", key, "unknown_group", message)
        path = [step for step, _ in _ancestry(key, groups, rooted)]
        last = groups[path[-1]].parent_id if path else None
        if last == key:
            ring = " in ".join(repr(step) for step in [*path, key])
            yield InputFault("groups", key, "cycle", f"group {key!r} lies in itself: {ring}")
        elif last not in path:
            rooted.update(path)


def _ancestry(
    key: GroupId | None, groups: Mapping[GroupId, Group], stop: Collection[GroupId] = ()
) -> Iterator[tuple[GroupId, Group]]:
    """Yield a group and those it lies in, each once, up to an unknown or a repeated one."""
    seen: set[GroupId] = set()
    while key is not None and key in groups and key not in seen and key not in stop:
        seen.add(key)
        yield key, groups[key]
        key = groups[key].parent_id


def _group_pin_faults(
    pins: Mapping[StudentId, Pin],
    offers: Mapping[OfferId, Offer],
    mentors: Mapping[MentorId, Mentor],
    groups: Mapping[GroupId, Group],
) -> Iterator[InputFault]:
    if not groups:
        return
    taken: Counter[GroupId] = Counter()
    for student, pin in pins.items():
        offer = offers.get(pin.offer_id)
        mentor = None if offer is None else mentors.get(offer.mentor_id)
        if offer is None or mentor is None:
            continue
        for key, group in _ancestry(mentor.group_id, groups):
            taken[key] += offer.weight
            if group.quota is not None and taken[key] > group.quota:
                message = (
                    f"the pin of student {student!r} is one too many for group {key!r},"
                    f" whose quota is {group.quota}"
                )
                yield InputFault("pins", student, "pin_against_quota", message)
