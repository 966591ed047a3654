"""Witnesses get copies of lists and key events; a new tree gets every key announced again."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cotutelle.core.canonical import canonical
from cotutelle.core.clock import now
from cotutelle.credentials.models import StatusList
from cotutelle.credentials.queries.bundles import bundle_of
from cotutelle.credentials.queries.credentials import invalidated_by
from cotutelle.credentials.queries.public import key_evidence, logged_list
from cotutelle.credentials.services import status_lists
from cotutelle.credentials.services.issuer_keys import report_compromise, rotate_key
from cotutelle.credentials.services.mirroring import mirror_all
from cotutelle.credentials.services.standing import revoke
from cotutelle.engines.credentials.files import read_file
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.ledger.models import Leaf, Witness
from cotutelle.ledger.queries.log import issuer_of, log_size, policy_text
from cotutelle.ledger.services import tick
from tests.factories.credentials import make_credential, make_scene
from tests.factories.log import freeze_unseen, make_log, watched_log

pytestmark = pytest.mark.django_db


def test_a_witness_serves_what_the_log_has_published(settings, tmp_path):
    with watched_log(settings, tmp_path, witnesses=2, needed=2) as witnesses:
        scene = make_scene()
        made = make_credential(scene)
        assert mirror_all() == 0, "nothing is published yet"
        status_lists.publish_lists()
        tick()

        assert mirror_all() == 2 * 3
        assert mirror_all() == 0, "nobody lacks anything"
        revoke(made, "Forged", actor=scene.officer)
        status_lists.publish_lists()
        tick()
        assert mirror_all() == 2

        found = StatusList.objects.get(purpose="revocation")
        ours = logged_list(found)
        assert ours is not None
        for one in witnesses:
            status = one.get(f"/documents/status?id={ours['credential']['id']}")
            keys = one.get(f"/documents/keys?controller={issuer_of(scene.unit)}")
            assert status.json()["credential"] == ours["credential"]
            assert len(keys.json()["keys"]) == 1


def test_a_witness_that_is_down_stops_nothing(settings, tmp_path):
    log = make_log(settings, tmp_path)
    make_credential(make_scene())
    status_lists.publish_lists()
    log.publish()

    assert mirror_all() == 0


class Junk(BaseHTTPRequestHandler):
    """Answers whatever is asked with 200 and what a broken proxy says."""

    said = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.mark.parametrize("said", [b"<html>sign in first</html>", b"[1]", b'{"keys": [{}]}'])
def test_a_witness_that_talks_nonsense_keeps_none_from_the_others(settings, tmp_path, said):
    with watched_log(settings, tmp_path, witnesses=1, needed=1):
        make_credential(make_scene())
        status_lists.publish_lists()
        tick()
        server = HTTPServer(("127.0.0.1", 0), type("Says", (Junk,), {"said": said}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        good = Witness.objects.get()
        try:
            Witness.objects.filter(pk=good.pk).update(
                url=f"http://127.0.0.1:{server.server_address[1]}"
            )
            assert mirror_all() == 0
            Witness.objects.filter(pk=good.pk).update(url=good.url)
            assert mirror_all() == 3
        finally:
            server.shutdown()
            server.server_close()


def test_keys_in_use_are_announced_in_every_new_tree(settings, tmp_path):
    log = make_log(settings, tmp_path)
    scene = make_scene()
    old = make_credential(scene).key
    new = rotate_key(old, actor=scene.officer)
    log.publish()
    first = log.shard

    second = freeze_unseen(first)
    log.publish()

    told = Leaf.objects.filter(shard=second, kind="key").order_by("index")
    assert [(leaf.statement["event"], leaf.statement["key"]) for leaf in told] == [
        ("added", new.multikey)
    ]
    issuer = issuer_of(scene.unit)
    events = [one["entry"]["statement"]["event"] for one in key_evidence(scene.unit)[issuer]]
    assert events == ["added", "retired", "added", "added"]


@pytest.mark.parametrize("then", ["frozen", "replaced", "compromised"])
def test_what_waited_while_a_tree_was_closed_is_judged_in_the_next(settings, tmp_path, then):
    log = make_log(settings, tmp_path)
    scene = make_scene()
    key = make_credential(scene).key
    status_lists.publish_lists()
    log.publish()
    waiting = make_credential(scene)
    if then == "replaced":
        rotate_key(key, actor=scene.officer)
    elif then == "compromised":
        report_compromise(key, log_size(), actor=scene.officer)

    second = freeze_unseen(log.shard)
    status_lists.publish_lists()
    log.publish()

    assert Leaf.objects.get(entry=waiting.entry).shard == second
    bundle = read_file(canonical(bundle_of(waiting)))
    report = verify_bundle(bundle, policy=policy_text(), now=now())
    if then == "compromised":
        assert report.findings["issuer"].state == "bad"
        assert [one.pk for one in invalidated_by(key, key.from_index)] == [waiting.pk]
    else:
        assert report.verdict == "valid"
