"""Addresses: departments, curricula, wards, and what the regional platform says."""

from __future__ import annotations

from django.urls import URLPattern, path

from cotutelle.rotations.views import (
    setup_blocks,
    setup_curricula,
    setup_departments,
    setup_places,
    setup_regional,
    setup_wards,
)

_CURRICULUM = "curricula/<uuid:public_id>/"
_WARD = "wards/<uuid:public_id>/"

urlpatterns: list[URLPattern] = [
    path("departments/", setup_departments.department_list, name="departments"),
    path("departments/new/", setup_departments.department_new, name="department-new"),
    path("departments/usual/", setup_departments.department_usual, name="department-usual"),
    path("departments/<int:pk>/", setup_departments.department_edit, name="department"),
    path("curricula/", setup_curricula.curriculum_list, name="curricula"),
    path("curricula/new/", setup_curricula.curriculum_new, name="curriculum-new"),
    path("curricula/examples/", setup_curricula.curriculum_examples, name="curriculum-examples"),
    path(_CURRICULUM, setup_curricula.curriculum, name="curriculum"),
    path(_CURRICULUM + "edit/", setup_curricula.curriculum_edit, name="curriculum-edit"),
    path(_CURRICULUM + "edition/", setup_curricula.curriculum_edition, name="curriculum-edition"),
    path(_CURRICULUM + "confirm/", setup_curricula.curriculum_confirm, name="curriculum-confirm"),
    path(_CURRICULUM + "in-force/", setup_curricula.curriculum_force, name="curriculum-force"),
    path(_CURRICULUM + "retire/", setup_curricula.curriculum_retire, name="curriculum-retire"),
    path(_CURRICULUM + "delete/", setup_curricula.curriculum_delete, name="curriculum-delete"),
    path(_CURRICULUM + "import/", setup_curricula.curriculum_import, name="curriculum-import"),
    path(_CURRICULUM + "blocks.xlsx", setup_curricula.curriculum_sheets, name="curriculum-sheets"),
    path(_CURRICULUM + "blocks/new/", setup_blocks.block_new, name="block-new"),
    path(_CURRICULUM + "blocks/<int:pk>/", setup_blocks.block_edit, name="block-edit"),
    path(_CURRICULUM + "blocks/<int:pk>/step/", setup_blocks.block_step, name="block-step"),
    path(_CURRICULUM + "groups/new/", setup_blocks.group_new, name="group-new"),
    path(_CURRICULUM + "groups/<int:group_pk>/", setup_blocks.group_edit, name="group-edit"),
    path(
        _CURRICULUM + "groups/<int:group_pk>/remove/",
        setup_blocks.group_remove,
        name="group-remove",
    ),
    path(_CURRICULUM + "orders/new/", setup_blocks.order_new, name="order-new"),
    path(
        _CURRICULUM + "orders/<int:order_pk>/remove/",
        setup_blocks.order_remove,
        name="order-remove",
    ),
    path("wards/", setup_wards.ward_list, name="wards"),
    path("wards/new/", setup_wards.ward_new, name="ward-new"),
    path(_WARD, setup_wards.ward, name="ward"),
    path(_WARD + "edit/", setup_wards.ward_edit, name="ward-edit"),
    path(_WARD + "close/", setup_wards.ward_close, name="ward-close"),
    path(_WARD + "open/", setup_wards.ward_open, name="ward-open"),
    path(_WARD + "accredit/", setup_wards.ward_accredit, name="ward-accredit"),
    path(_WARD + "accredit/<int:pk>/withdraw/", setup_wards.ward_withdraw, name="ward-withdraw"),
    path(_WARD + "places/", setup_places.ward_places, name="ward-places"),
    path(_WARD + "places/period/", setup_places.ward_period, name="ward-period"),
    path(_WARD + "others/", setup_places.ward_others, name="ward-others"),
    path(_WARD + "intake/", setup_places.ward_intake, name="ward-intake"),
    path("load/", setup_places.load, name="load"),
    path("regional/<uuid:public_id>/", setup_regional.regional, name="regional"),
    path("regional/<uuid:public_id>/ours.xlsx", setup_regional.regional_ours, name="regional-ours"),
]
