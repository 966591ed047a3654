"""``cotutelle log anchor`` on a real chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cotutelle.cli import app
from cotutelle.ledger.anchoring.demo import CHAIN_ID
from cotutelle.ledger.enums import AnchorState
from cotutelle.ledger.models import Anchor, Leaf
from cotutelle.ledger.queries.anchors import anchors_of
from tests.cli.test_log import decide
from tests.factories.log import make_log
from tests.ledger.anchoring.conftest import mined, node  # noqa: F401 - a fixture
from tests.ledger.anchoring.test_service import turn

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["log", "anchor", *map(str, arguments)])


@pytest.fixture
def chain(settings: Any, tmp_path: Path, node: Any) -> Any:  # noqa: F811
    log = make_log(settings, tmp_path / "data")
    settings.COTUTELLE_ANCHOR_URL = node.url
    settings.COTUTELLE_ANCHOR_CHAIN_ID = CHAIN_ID
    settings.COTUTELLE_ANCHOR_CONTRACT = ""
    settings.COTUTELLE_ANCHOR_CONFIRMATIONS = 1
    settings.COTUTELLE_ANCHOR_ACCOUNT = "cotutelle.ledger.services.anchors.file_key"
    decide(3)
    log.publish()
    return log


def test_from_a_key_to_an_anchor_that_others_check(chain, settings, tmp_path, node):  # noqa: F811
    assert run("status").exit_code == 1
    address = json.loads(run("key", "--json").stdout)["address"]
    again = run("key")
    assert (again.exit_code, "anchor.key_exists" in again.stderr) == (1, True)
    assert run("deploy").exit_code == 1  # nothing to pay with
    node.ask("anvil_setBalance", address, hex(10**18))
    contract = json.loads(run("deploy", "--json").stdout)["contract"]
    settings.COTUTELLE_ANCHOR_CONTRACT = contract
    before = json.loads(run("status", "--json").stdout)
    assert (before["account"], before["owner"], before["size"]) == (address, address, None)

    run()
    turn()

    assert Anchor.objects.get().state == AnchorState.CONFIRMED
    done = run("--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["anchors"][0]["state"] == "confirmed"
    assert json.loads(run("status", "--json").stdout)["lag_entries"] == 0

    leaf = Leaf.objects.select_related("shard").first()
    bundle = tmp_path / "a.cotutelle.json"
    bundle.write_text(json.dumps({"anchors": anchors_of(leaf)}), encoding="utf-8")
    options = ["--node", node.url, "--chain", CHAIN_ID, "--contract", contract]
    assert run("check", bundle, *options, "--confirmations", 1).exit_code == 0
    assert run("check", bundle, *options, "--confirmations", 9999).exit_code == 1
    bundle.write_text(bundle.read_text(encoding="utf-8").replace('"size": ', '"size": 1'))
    lied = run("check", bundle, *options, "--confirmations", 1)
    assert (lied.exit_code, "anchor.differs" in lied.stderr) == (1, True)


def test_the_contract_is_offered_and_taken(chain, settings, node, tmp_path):  # noqa: F811
    settings.COTUTELLE_ANCHOR_ACCOUNT = "cotutelle.ledger.anchoring.demo.account"
    settings.COTUTELLE_ANCHOR_CONTRACT = json.loads(run("deploy", "--json").stdout)["contract"]
    heir = json.loads(run("key", "--json").stdout)["address"]
    node.ask("anvil_setBalance", heir, hex(10**18))

    assert run("take").stderr.strip() == "not the successor (anchor.refused)"
    assert run("offer", heir).exit_code == 0
    settings.COTUTELLE_ANCHOR_ACCOUNT = "cotutelle.ledger.services.anchors.file_key"
    assert run("take").exit_code == 0

    assert json.loads(run("status", "--json").stdout)["owner"] == heir


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"anchors": [{"type": "evm"}]}', '{"anchors": []}']
)
def test_what_is_no_bundle_is_said(tmp_path, text):
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")

    told = run(
        "check", file, "--node", "http://127.0.0.1:9", "--chain", 1, "--contract", "0x" + "1" * 40
    )

    assert told.exit_code == 1
    assert "anchor." in told.stderr


def test_without_a_chain_nothing_is_anchored(chain, settings):
    settings.COTUTELLE_ANCHOR_URL = ""

    assert run().exit_code == 1
    assert run("deploy").exit_code == 1
    assert Anchor.objects.count() == 0
