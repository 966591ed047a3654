"""Units for tests; the tree is kept by the factory as the services keep it."""

from __future__ import annotations

from typing import Any

import factory
from factory.django import DjangoModelFactory

from cotutelle.institutions.enums import UnitKind
from cotutelle.institutions.models import Unit


def make_consortium() -> Unit:
    """Return the one root of the tree."""
    existing = Unit.objects.filter(kind=UnitKind.CONSORTIUM).first()
    if existing:
        return existing
    root = Unit.objects.create(
        kind=UnitKind.CONSORTIUM,
        code="CONSORTIUM",
        name_zh="联合培养共同体",
        name_en="Consortium",
        time_zone="Asia/Shanghai",
    )
    root.path = f"{root.pk}/"
    root.save(update_fields=["path"])
    return root


class UnitFactory(DjangoModelFactory[Unit]):
    """``UnitFactory()`` is a university below the consortium; ``parent=`` puts it elsewhere."""

    class Meta:
        model = Unit
        skip_postgeneration_save = True

    parent = factory.LazyFunction(make_consortium)
    kind = UnitKind.UNIVERSITY
    code = factory.Sequence(lambda n: f"U{n:04}")
    name_zh = factory.Sequence(lambda n: f"单位{n}")
    name_en = factory.Sequence(lambda n: f"Unit {n}")

    @factory.post_generation
    def _path(self: Unit, create: bool, extracted: Any, **_: Any) -> None:
        above = self.parent.path if self.parent else ""
        self.path = f"{above}{self.pk}/"
        self.save(update_fields=["path"])
