"""Vectors that nobody here wrote: W3C's for eddsa-jcs-2022, 1EdTech's badge."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cotutelle.engines.credentials import rdfc
from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.integrity import RDFC, secure, verify_own, verify_proof
from cotutelle.engines.credentials.keys import from_base58btc, multikey, public_key
from cotutelle.engines.translog.jcs import canonical_json

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "translog" / "vc"

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is absent"),
]


def read(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def load(name):
    return json.loads(read(name))


@pytest.fixture(scope="module")
def pair():
    told = load("keyPair.json")
    public = public_key(told["publicKeyMultibase"])
    seed = from_base58btc(told["privateKeyMultibase"][1:])[2:34]
    private = Ed25519PrivateKey.from_private_bytes(seed)
    assert private.public_key().public_bytes_raw() == public
    assert multikey(public) == told["publicKeyMultibase"]
    return private, public


def test_every_step_of_eddsa_jcs_2022(pair):
    private, public = pair
    document, config = load("unsigned.json"), load("eddsa-jcs-2022/proofConfigJCS.json")
    canon, proof = canonical_json(document), canonical_json(config)
    hashes = [hashlib.sha256(data).digest() for data in (proof, canon)]
    seen = []

    signed = secure(
        document,
        sign=lambda data: seen.append(data) or private.sign(data),
        verification_method=config["verificationMethod"],
        created=config["created"],
    )

    assert canon.decode() == read("eddsa-jcs-2022/canonDocJCS.txt")
    assert proof.decode() == read("eddsa-jcs-2022/proofCanonJCS.txt")
    assert hashes[0].hex() == read("eddsa-jcs-2022/proofHashJCS.txt")
    assert hashes[1].hex() == read("eddsa-jcs-2022/docHashJCS.txt")
    assert seen[0].hex() == read("eddsa-jcs-2022/combinedHashJCS.txt")
    assert private.sign(seen[0]).hex() == read("eddsa-jcs-2022/sigHexJCS.txt")
    assert signed["proof"]["proofValue"] == read("eddsa-jcs-2022/sigBTC58JCS.txt")
    assert signed == load("eddsa-jcs-2022/signedJCS.json")
    verify_proof(load("eddsa-jcs-2022/signedJCS.json"), public)


def test_eddsa_rdfc_2022_gives_the_published_signature(pair):
    """W3C Data Integrity EdDSA Cryptosuites 1.0, appendix B.1: hash of the document and proof value."""
    private, public = pair
    document = load("unsigned.json")

    signed = secure(
        document,
        sign=private.sign,
        verification_method=f"https://vc.example/issuers/5678#{multikey(public)}",
        created="2023-02-24T23:36:38Z",
        cryptosuite=RDFC,
    )

    assert hashlib.sha256(rdfc.canonize(document).encode()).hexdigest() == (
        "517744132ae165a5349155bef0bb0cf2258fff99dfe1dbd914b938d775a36017"
    )
    assert signed["proof"]["proofValue"] == (
        "z21EVs3eXERqTn4acNHT9viboqgzUaQ3kTmhPT3eA8qrVPE7CrQq78WkzctnMX5W4CrzcKnHw8V6dvy5pgWYCU5e9"
    )
    verify_proof(signed, public)


def test_the_badge_of_1edtech_verifies_under_the_key_that_it_names():
    badge = load("ob30-simple.json")
    key = badge["proof"][0]["verificationMethod"].partition("#")[2]

    verify_proof(badge, public_key(key))

    assert verify_own(badge) == (("https://example.com/issuers/876543", key),)
    for changed in ({**badge, "name": "Another"}, {**badge, "validUntil": "2030-01-01T00:00:00Z"}):
        with pytest.raises(VerifyError, match=r"signature\.altered"):
            verify_proof(changed, public_key(key))
