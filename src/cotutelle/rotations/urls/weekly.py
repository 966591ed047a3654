"""Addresses: terms, weekly times, joint rounds, meetings."""

from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.rotations.views import (
    weekly_lists,
    weekly_meetings,
    weekly_own,
    weekly_series,
    weekly_terms,
    weekly_times,
)

_TERM = "terms/<uuid:public_id>/"
_SERIES = "series/<uuid:public_id>/"
_MEETING = "meetings/<uuid:public_id>/"
_ROOM = _TERM + "rooms/<uuid:room_id>/"

urlpatterns: list[URLPattern] = [
    path("terms/", weekly_terms.term_list, name="terms"),
    path("terms/new/", weekly_terms.term_new, name="term-new"),
    path(_TERM, weekly_terms.term, name="term"),
    path(_TERM + "edit/", weekly_terms.term_edit, name="term-edit"),
    path(_TERM + "propose/", weekly_terms.term_propose, name="term-propose"),
    path(_TERM + "plan/", weekly_terms.term_plan, name="term-plan"),
    path(_TERM + "review/", weekly_terms.term_review, name="term-review"),
    path(_TERM + "archive/", weekly_terms.term_archive, name="term-archive"),
    path(_TERM + "history/", weekly_terms.term_history, name="term-history"),
    path(_TERM + "board/", weekly_lists.term_board, name="term-board"),
    path(_TERM + "series/", weekly_series.term_series, name="term-series"),
    path(_TERM + "series/new/", weekly_series.series_new, name="series-new"),
    path(_TERM + "people/", weekly_times.term_people, name="term-people"),
    path(_TERM + "people/<uuid:person_id>/", weekly_times.person_times, name="person-times"),
    path(_TERM + "rooms/", weekly_times.term_rooms, name="term-rooms"),
    path(_TERM + "rooms/new/", weekly_times.room_new, name="room-new"),
    path(_ROOM, weekly_times.room_edit, name="room-edit"),
    path(_ROOM + "times/", weekly_times.room_times, name="room-times"),
    path(_SERIES, weekly_series.series_edit, name="series-edit"),
    path(_SERIES + "place/", weekly_series.series_place, name="series-place"),
    path(_SERIES + "ask/", weekly_series.series_ask, name="series-ask"),
    path(_SERIES + "free/", weekly_series.series_free, name="series-free"),
    path(_SERIES + "end/", weekly_series.series_end, name="series-end"),
    path("my-week/", weekly_own.my_week, name="my-week"),
    path("my-week/<uuid:public_id>/", weekly_times.my_times, name="my-times"),
    path(_MEETING, weekly_meetings.meeting, name="meeting"),
    path(_MEETING + "move/", weekly_meetings.meeting_move, name="meeting-move"),
    path(_MEETING + "cancel/", weekly_meetings.meeting_cancel, name="meeting-cancel"),
    path(_MEETING + "restore/", weekly_meetings.meeting_restore, name="meeting-restore"),
    path(_MEETING + "record/", weekly_meetings.meeting_record, name="meeting-record"),
    path(_MEETING + "problem/", weekly_meetings.meeting_problem, name="meeting-problem"),
    path("joint-rounds/", weekly_lists.round_list, name="joint-rounds"),
    path("joint-rounds/mentors/", weekly_lists.round_mentors, name="round-mentors"),
    path("clinical-problems/", weekly_lists.problem_list, name="problems"),
]
