"""The student's pages: finding, ranking, submitting; what others must not reach."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from cotutelle.core.clock import now
from cotutelle.people.enums import Role
from cotutelle.selection.enums import ListState, OfferState, RoundState
from cotutelle.selection.models import RouteCalendar
from cotutelle.selection.services.affinity import compute_affinity
from cotutelle.selection.services.search_index import index_offers
from tests.factories.mentorship import ConflictFactory, TeamFactory, make_mentor
from tests.factories.people import make_person
from tests.factories.selection import (
    make_list,
    make_offer,
    make_round,
)
from tests.ui.page_checks import find_faults

FIND_QUERIES = 18
pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    return make_round(max_choices=3)


@pytest.fixture
def offers(round_):
    found = [
        make_offer(round_, title_zh=f"方向{zh}", title_en=f"Direction {en}")
        for zh, en in (("甲", "alpha"), ("乙", "beta"), ("丙", "gamma"))
    ]
    index_offers(found)
    return found


@pytest.fixture
def me(round_, offers):
    return make_list(
        round_, offers[:1], submitted=False, statement="Early screening of lung cancer"
    )


@pytest.fixture
def desk(me):
    return signed_in(me.student.person)


def signed_in(person):
    person.language = "en"
    person.save()
    client = Client()
    client.force_login(person)
    return client


def chosen(participant):
    return [p.offer for p in participant.preferences.order_by("position")]


def typed(participant, offers, **more):
    participant.refresh_from_db()
    return {
        "round": participant.round.public_id,
        "version": participant.list_version,
        "order": [str(o.public_id) for o in offers],
        **more,
    }


def find(client, **query):
    return client.get(reverse("selection:find"), query)


def close(participant):
    RouteCalendar.objects.filter(round=participant.round, route=participant.student.route).update(
        opens_at=now() - dt.timedelta(days=9), closes_at=now() - dt.timedelta(minutes=1)
    )


# ---------------------------------------------------------------- finding


def test_shows_offers_list_and_deadline(desk, offers):
    answer = find(desk)
    html = answer.content.decode()

    assert [c.position for c in answer.context["cards"]].count(1) == 1
    assert all(o.title_en in html for o in offers)
    assert "Room for 2 more (3 at most)." in html
    assert "in 5 days" in html
    assert "Submit 1 choice" in html
    assert find_faults(html) == []


def test_search_speaks_both_languages(desk, offers):
    assert [c.offer for c in find(desk, q="方向丙").context["cards"]] == [offers[2]]
    assert [c.offer for c in find(desk, q="direction beta").context["cards"]] == [offers[1]]
    nothing = find(desk, q="nothing like this")
    assert nothing.context["cards"] == []
    assert "No offer matches these filters." in nothing.content.decode()


def test_filters_narrow_and_closed_offers_come_on_request(desk, round_, offers):
    team = make_offer(round_, team=TeamFactory.create(unit=round_.unit), title_zh="团队题目")
    shut = make_offer(round_, state=OfferState.WITHDRAWN, title_zh="停招")
    other = make_offer(round_, routes=["doctoral"], title_zh="博士")
    make_offer(round_, state=OfferState.DRAFT, title_zh="草稿")

    def shown(**query):
        return {c.offer for c in find(desk, **query).context["cards"]}

    assert shown() == shown(fits="1") == {*offers, team}
    assert shown(fits="0") == {*offers, team, other}
    assert shown(fits="0", closed="1") == {*offers, team, other, shut}
    assert shown(teams="1") == {team}
    department = offers[0].unit
    assert shown(fits="0", hospital=str(department.public_id)) == {
        o for o in [*offers, team, other] if o.unit.path.startswith(department.path)
    }


def test_what_cannot_be_chosen_stays_away_until_the_chip_is_removed(desk, round_, offers):
    make_offer(round_, routes=["doctoral"], title_en="For doctoral students")
    answer = find(desk)
    (chip,) = answer.context["chips"]

    assert str(chip.label) == "Open to me"
    assert "For doctoral students" not in answer.content.decode()
    assert f"{len(offers)} offers are open to you." in answer.content.decode()
    everything = desk.get(reverse("selection:find") + chip.remove_url)
    assert "For doctoral students" in everything.content.decode()
    assert everything.context["listing"].toggles[0].url == "?"
    assert "fits=0" in everything.context["listing"].query_string


def test_same_discipline_rounds_open_with_the_own_discipline():
    round_ = make_round(same_discipline_only=True)
    own = make_offer(round_, discipline="Cardiology", title_en="Own")
    make_offer(round_, discipline="Surgery", title_en="Other")
    one = make_list(round_, [own], submitted=False, discipline="Cardiology")
    client = signed_in(one.student.person)

    assert [c.offer for c in find(client).context["cards"]] == [own]
    assert len(find(client, fits="0").context["cards"]) == 2


def test_says_why_an_offer_cannot_be_chosen(desk, me, round_):
    barred = make_offer(round_, title_zh="回避")
    ConflictFactory.create(mentor=barred.mentor, student=me.student)
    other = make_offer(round_, routes=["doctoral"], title_zh="博士")
    compute_affinity(round_)

    cards = {c.offer: c for c in find(desk, fits="0").context["cards"]}

    assert (cards[barred].act, cards[barred].affinity) == ("conflict", None)
    assert cards[other].act == "misfit"
    assert "Doctoral" in cards[other].refusal


def test_sorts_by_affinity_and_never_prints_the_score(desk, me, round_):
    near = make_offer(
        round_,
        make_mentor(unit=round_.unit, interests_en="", interests_zh=""),
        title_zh="肺癌",
        title_en="Early screening of lung cancer",
    )
    compute_affinity(round_)
    score = me.affinity_scores.get(offer=near).score

    answer = find(desk)
    html = answer.content.decode()

    assert answer.context["cards"][0].offer == near
    assert "No. 1" in html
    assert "(n = 4)" in html
    assert f"{score:.3f}"[1:] not in html
    assert find(desk, sort="title").context["cards"][-1].offer == near


@pytest.mark.parametrize("count", [1, 3, 50])
def test_queries_do_not_grow_with_offers(count, django_assert_max_num_queries):
    round_ = make_round()
    mentor = make_mentor(unit=round_.unit)
    made = [make_offer(round_, mentor, title_zh=f"题{n}") for n in range(count)]
    one = make_list(round_, made[:1], submitted=False, statement="肺癌早期筛查")
    compute_affinity(round_)
    client = signed_in(one.student.person)
    find(client)

    with django_assert_max_num_queries(FIND_QUERIES):
        answer = find(client)

    assert len(answer.context["cards"]) == count


def test_exports_what_is_filtered(desk, offers):
    answer = find(desk, format="csv", q="方向丙")

    assert "Direction gamma" in answer.content.decode("utf-8-sig")
    assert "Direction beta" not in answer.content.decode("utf-8-sig")


def test_a_student_without_a_round_is_told_what_comes():
    person = make_person(Role.STUDENT)

    html = find(signed_in(person)).content.decode()

    assert "You do not take part in a selection round yet." in html


def test_a_draft_round_is_not_seen():
    one = make_list(make_round(RoundState.DRAFT), [], submitted=False)

    assert find(signed_in(one.student.person)).context["mine"] is None


# ---------------------------------------------------------------- ranking


def test_adds_and_comes_back_to_the_same_filter(desk, me, offers):
    answer = desk.post(
        reverse("selection:my-list-add"),
        {"round": me.round.public_id, "offer": offers[2].public_id, "back": "q=方向&sort=title"},
    )

    assert chosen(me) == [offers[0], offers[2]]
    assert "sort=title" in answer.url
    assert answer.url.endswith(f"#o-{offers[2].public_id}")


@pytest.mark.parametrize(
    ("button", "order"),
    [("move=down", [1, 0, 2]), ("move=up", [0, 1, 2]), ("remove", [1, 2])],
)
def test_buttons_are_plain_posts(desk, me, offers, button, order):
    name, _, step = button.partition("=")
    first = str(offers[0].public_id)
    value = f"{step}:{first}" if step else first

    answer = desk.post(reverse("selection:my-list"), typed(me, offers, **{name: value}))

    assert answer.status_code == 302
    assert chosen(me) == [offers[n] for n in order]


def test_saves_by_itself_and_tells_the_next_version(desk, me, offers):
    answer = desk.post(
        reverse("selection:my-list"),
        typed(me, offers, adjustment="yes"),
        headers={"X-Autosave": "1"},
    )
    me.refresh_from_db()

    assert answer.json() == {"fields": {"version": me.list_version}}
    assert chosen(me) == offers
    assert me.accepts_adjustment is True


def test_a_stale_save_says_so_and_loses_nothing(desk, me, offers):
    late = typed(me, [offers[2], offers[0]])
    desk.post(reverse("selection:my-list"), typed(me, [offers[1]]))

    quiet = desk.post(reverse("selection:my-list"), late, headers={"X-Autosave": "1"})
    loud = desk.post(reverse("selection:my-list"), late)

    assert quiet.status_code == loud.status_code == 409
    assert quiet.json()["code"] == "list.stale"
    assert "changed in another window" in quiet.json()["detail"]
    assert chosen(me) == [offers[1]]
    assert [a["id"] for a in loud.context["attempt"]] == late["order"]
    assert "Save the order I had here" in loud.content.decode()


def test_submits_what_stands_on_the_page(desk, me, offers):
    answer = desk.post(
        reverse("selection:my-list-submit"),
        typed(me, [offers[1], offers[0]], adjustment="no"),
        follow=True,
    )
    me.refresh_from_db()

    assert me.list_state == ListState.SUBMITTED
    assert chosen(me) == [offers[1], offers[0]]
    assert me.accepts_adjustment is False
    html = answer.content.decode()
    assert "Your list of 2 choices is submitted." in html
    assert "You do not accept being placed by the school." in html
    assert "Change my list" in html


def test_submitting_without_a_word_on_adjustment_changes_nothing(desk, me, offers):
    answer = desk.post(reverse("selection:my-list-submit"), typed(me, [offers[1]]))
    me.refresh_from_db()

    assert answer.status_code == 409
    assert "Say first whether you accept being placed by the school." in answer.content.decode()
    assert me.list_state == ListState.DRAFT
    assert chosen(me) == [offers[0]]


def test_takes_back_and_withdraws(desk, me, offers):
    desk.post(reverse("selection:my-list-submit"), typed(me, offers, adjustment="yes"))
    desk.post(reverse("selection:my-list-reopen"), typed(me, []))
    me.refresh_from_db()
    assert me.list_state == ListState.DRAFT
    assert chosen(me) == offers

    desk.post(reverse("selection:my-list-submit"), typed(me, offers, adjustment="yes"))
    desk.post(reverse("selection:my-list-withdraw"), typed(me, []))
    me.refresh_from_db()
    assert me.list_state == ListState.WITHDRAWN


def test_after_the_end_nothing_can_be_changed(desk, me, offers):
    before = typed(me, offers)
    close(me)

    answer = desk.post(reverse("selection:my-list"), before)

    assert answer.status_code == 409
    assert chosen(me) == [offers[0]]
    html = find(desk).content.decode()
    assert "You did not submit a list, so no mentor was asked for you." in html
    assert "data-autosave" not in html


def test_a_conflict_cannot_be_added(desk, me, offers):
    ConflictFactory.create(mentor=offers[1].mentor, student=me.student)

    desk.post(
        reverse("selection:my-list-add"),
        {"round": me.round.public_id, "offer": offers[1].public_id},
    )

    assert chosen(me) == [offers[0]]


@pytest.mark.parametrize("junk", ["", "x", "move=up:", "-1", "9" * 30])
def test_junk_is_not_a_bug(desk, me, offers, junk):
    answer = desk.post(
        reverse("selection:my-list"),
        {**typed(me, []), "order": [junk], "version": junk, "move": junk, "remove": junk},
    )

    assert answer.status_code == 409
    assert chosen(me) == [offers[0]]


def test_an_offer_that_was_withdrawn_is_marked_and_can_be_removed(desk, me, offers):
    offers[0].state = OfferState.WITHDRAWN
    offers[0].save()

    assert "no longer open: remove it" in find(desk).content.decode()
    gone = str(offers[0].public_id)
    desk.post(reverse("selection:my-list"), typed(me, [offers[0]], remove=gone))

    assert chosen(me) == []


# ---------------------------------------------------------------- who reaches what


def test_another_student_writes_only_their_own_list(me, offers, round_):
    other = make_list(round_, [], submitted=False)
    client = signed_in(other.student.person)

    client.post(reverse("selection:my-list"), typed(me, [offers[2]]) | {"version": 0})

    assert chosen(me) == [offers[0]]
    assert chosen(other) == [offers[2]]


def test_a_student_of_another_round_reaches_nothing(me, offers):
    stranger = make_list(make_round(), [], submitted=False)
    client = signed_in(stranger.student.person)

    posted = client.post(reverse("selection:my-list"), typed(me, [offers[2]]))
    added = client.post(
        reverse("selection:my-list-add"),
        {"round": me.round.public_id, "offer": offers[1].public_id},
    )

    assert posted.status_code == added.status_code == 404
    assert client.get(reverse("selection:offer", args=[offers[0].public_id])).status_code == 404


@pytest.mark.parametrize("role", [Role.MENTOR, Role.GRADUATE_OFFICER, Role.LEADER])
@pytest.mark.parametrize("name", ["find", "my-list", "my-list-add", "my-list-submit", "result"])
def test_others_do_not_use_a_students_pages(role, name, round_):
    client = signed_in(make_person(role, unit=round_.unit))

    assert client.post(reverse(f"selection:{name}")).status_code in {403, 405}
    assert client.get(reverse(f"selection:{name}")).status_code in {403, 405}


def test_whoever_is_not_signed_in_signs_in_first():
    for name in ("find", "result", "how-affinity", "honest"):
        assert Client().get(reverse(f"selection:{name}")).status_code == 302


# ---------------------------------------------------------------- offer and explanations


def test_offer_page_marks_shared_terms_and_offers_the_choice(desk, me, round_):
    near = make_offer(
        round_,
        make_mentor(unit=round_.unit, interests_en="Lung cancer <b>first</b>", interests_zh=""),
        title_zh="肺癌",
        title_en="Early screening of lung cancer",
        description_en="We look for lung cancer early.",
    )
    compute_affinity(round_)

    html = desk.get(reverse("selection:offer", args=[near.public_id])).content.decode()

    assert "<mark>lung cancer</mark>" in html
    assert "&lt;b&gt;first&lt;/b&gt;" in html
    assert "Add to my list" in html
    assert find_faults(html) == []


def test_offer_page_shows_a_mentor_no_affinity(offers, round_):
    client = signed_in(offers[0].mentor.person)

    html = client.get(reverse("selection:offer", args=[offers[0].public_id])).content.decode()

    assert "How affinity is computed" not in html
    assert "Direction alpha" in html


def test_history_of_an_offer_is_a_tab(desk, offers):
    html = desk.get(
        reverse("selection:offer", args=[offers[0].public_id]), {"tab": "history"}
    ).content.decode()

    assert 'class="empty"' in html or "ct-history" in html


@pytest.mark.parametrize("name", ["how-affinity", "honest"])
def test_explanations_stand_on_their_own(desk, name):
    html = desk.get(reverse(f"selection:{name}")).content.decode()

    assert "<h1" in html
    assert find_faults(html) == []


def test_affinity_is_asked_for_as_a_job(desk, me):
    answer = desk.post(reverse("selection:affinity-refresh"), {"round": me.round.public_id})

    assert answer.url.startswith("/jobs/")


def test_deadlines_are_told_in_the_persons_time_zone(me):
    RouteCalendar.objects.filter(round=me.round).update(
        closes_at=dt.datetime(2026, 12, 24, 10, 0, tzinfo=dt.UTC)
    )
    person = me.student.person
    client = signed_in(person)
    told = {}
    for zone in ("Asia/Shanghai", "Europe/Vienna"):
        person.time_zone = zone
        person.save()
        told[zone] = find(client).content.decode()

    assert "Closes 24 Dec 2026, 18:00" in told["Asia/Shanghai"]
    assert "Closes 24 Dec 2026, 11:00" in told["Europe/Vienna"]
