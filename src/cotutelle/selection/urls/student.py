from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.selection.views import student, student_list, student_offer, student_result

urlpatterns: list[URLPattern] = [
    path("find/", student.find, name="find"),
    path("my-list/", student_list.my_list, name="my-list"),
    path("my-list/add/", student_list.add, name="my-list-add"),
    path("my-list/submit/", student_list.submit, name="my-list-submit"),
    path("my-list/reopen/", student_list.reopen, name="my-list-reopen"),
    path("my-list/withdraw/", student_list.withdraw, name="my-list-withdraw"),
    path("affinity/", student_offer.how_affinity, name="how-affinity"),
    path("affinity/refresh/", student_offer.affinity_refresh, name="affinity-refresh"),
    path("honest-ranking/", student_offer.honest, name="honest"),
    path("offers/<uuid:public_id>/", student_offer.offer, name="offer"),
    path("offers/<uuid:public_id>/why/", student_result.why, name="why"),
    path("my-result/", student_result.result, name="result"),
    path("rounds/<uuid:public_id>/object/", student_result.object_to, name="object"),
]
