"""The log of the demonstration finds its witnesses again, on whatever ports they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cotutelle.ledger import queries, services
from cotutelle.ledger.models import Witness
from cotutelle.web.demo.log import PARTNERS, prepare_witnesses, set_up_log
from cotutelle.witness import Folder, Store
from cotutelle.witness.logs import find_log
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.log import freeze_unseen

pytestmark = pytest.mark.django_db


@pytest.fixture
def data(settings: Any, tmp_path: Path) -> Path:
    settings.COTUTELLE_DATA_DIR = tmp_path
    make_consortium()
    set_up_log({code: UnitFactory.create(code=code) for code in PARTNERS})
    return tmp_path


def test_witnesses_are_told_what_they_watch_and_the_log_where_they_are(data: Path) -> None:
    found = prepare_witnesses("http://127.0.0.1:8000", [9001, 9002, 9003])
    assert [(w.folder, w.port) for w in found] == [
        (data / "witnesses" / str(n), 9000 + n) for n in (1, 2, 3)
    ]
    assert [w.issuer for w in found] == [
        f"https://demo.cotutelle.example/issuers/{code}" for code in PARTNERS
    ]
    urls = Witness.objects.order_by("id").values_list("url", flat=True)
    assert list(urls) == [f"http://127.0.0.1:{9000 + n}" for n in (1, 2, 3)]
    shard = queries.open_shard()
    assert shard is not None
    for one in found:
        with Store(one.folder).reading() as db:
            log = find_log(db, shard.origin)
        assert log is not None
        assert (log.url, list(log.vkeys)) == (
            "http://127.0.0.1:8000/log/1", [shard.keys.get().vkey],
        )  # fmt: skip
        assert Folder.open(one.folder).vkeys[0] in queries.policy_text()


def test_a_new_key_and_a_new_tree_are_told_at_the_next_start(data: Path) -> None:
    shard = queries.open_shard()
    assert shard is not None
    services.rotate_log_key(shard, actor=None)
    opened = freeze_unseen(shard)
    (one,) = prepare_witnesses("http://127.0.0.1:8000", [9001])
    with Store(one.folder).reading() as db:
        old, new = find_log(db, shard.origin), find_log(db, opened.origin)
    assert old is not None
    assert new is not None
    assert len(old.vkeys) == 2
    assert new.url.endswith("/log/2")


def test_what_is_gone_is_not_started(data: Path) -> None:
    Witness.objects.filter(name__endswith="hdut").delete()
    (data / "witnesses" / "3" / "witness.json").unlink()
    found = prepare_witnesses("http://127.0.0.1:8000", [9001, 9002, 9003])
    assert [w.port for w in found] == [9001]
