"""Everything that can be wrong with a market, found in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from cotutelle.engines.matching.entities import (
    MAX_QUOTA,
    Ban,
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
) -> list[InputFault]:
    """
    Return every fault of a problem made of these; an empty list means it can be matched.

    Notes
    -----
    O(total length of all lists) time.
    """
    students = student_preferences.keys()
    mentor_lists = ((key, mentor.preferences) for key, mentor in mentors.items())
    return [
        *_unusable_ids("student_preferences", students),
        *_unusable_ids("offers", offers),
        *_unusable_ids("mentors", mentors),
        *_unusable_seed(seed),
        *_list_faults(
            "student_preferences", "student", "offer", student_preferences.items(), offers.keys()
        ),
        *_quota_faults("offers", "offer", offers),
        *_ownerless_offers(offers, mentors),
        *_quota_faults("mentors", "mentor", mentors),
        *_list_faults("mentors", "mentor", "student", mentor_lists, students),
        *_ban_faults(bans, students, offers),
        *_pin_faults(pins, students, offers, mentors, bans),
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
        quota = owner.quota
        if type(quota) is not int:
            message = f"{word} {key!r} has the quota {quota!r}, which is not a whole number"
        elif quota < 0:
            message = f"{word} {key!r} has the negative quota {quota}"
        elif quota > MAX_QUOTA:
            message = f"{word} {key!r} has a quota above {MAX_QUOTA}"
        else:
            continue
        yield InputFault(argument, key, "bad_quota", message)


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
        at_mentor[offer.mentor_id] += 1
        mentor = mentors.get(offer.mentor_id)
        if at_offer[pin.offer_id] > offer.quota:
            full = f"offer {pin.offer_id!r}, whose quota is {offer.quota}"
        elif mentor is not None and at_mentor[offer.mentor_id] > mentor.quota:
            full = f"mentor {offer.mentor_id!r}, whose quota is {mentor.quota}"
        else:
            continue
        message = f"the pin of student {student!r} is one too many for {full}"
        yield InputFault("pins", student, "pin_against_quota", message)
