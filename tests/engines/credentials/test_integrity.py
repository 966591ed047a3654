"""Data Integrity proofs: signing, checking, and every form that is refused."""

from __future__ import annotations

import copy
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyld import jsonld

from cotutelle.engines.credentials import rdfc
from cotutelle.engines.credentials.contexts import PINNED
from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.integrity import JCS, RDFC, secure, verify_own, verify_proof
from cotutelle.engines.credentials.keys import base58btc, multikey
from cotutelle.engines.credentials.names import CREDENTIALS_V2, OPEN_BADGES
from cotutelle.engines.translog.jcs import canonical_json
from tests.engines.credentials.oracle import is_jcs_signed
from tests.engines.credentials.world import ISSUER, World

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
METHOD = f"{ISSUER}#{multikey(PUBLIC)}"
SUITES = pytest.mark.parametrize("suite", [JCS, RDFC])


def sign(document, suite=JCS, **changes):
    told = {
        "sign": PRIVATE.sign,
        "verification_method": METHOD,
        "created": "2026-11-21T08:30:00Z",
        "cryptosuite": suite,
    }
    return secure(document, **{**told, **changes})


def code(document, key=PUBLIC):
    with pytest.raises(VerifyError) as refused:
        verify_proof(document, key)
    return refused.value.code


def with_proof(document, **changes):
    proof = {**document["proof"], **changes}
    return {**document, "proof": {name: v for name, v in proof.items() if v is not None}}


@pytest.fixture(scope="module")
def unsigned():
    return World().unsigned()


@SUITES
def test_what_is_signed_verifies_and_the_document_is_not_changed(unsigned, suite):
    before = copy.deepcopy(unsigned)

    signed = sign(unsigned, suite)

    verify_proof(signed, PUBLIC)
    assert verify_own(signed) == ((ISSUER, multikey(PUBLIC)),)
    assert unsigned == before
    assert signed == sign(unsigned, suite)


def test_an_independent_reading_agrees_on_jcs():
    document = World().unsigned(
        kind="course-credit", facts={"course": "Statistics", "credits": 3}, results=[]
    )

    assert is_jcs_signed(sign(document))


@SUITES
def test_every_leaf_of_the_document_is_signed(unsigned, suite):
    signed = sign(unsigned, suite)
    for path, value in leaves(unsigned):
        if path[0] == "@context" or not isinstance(value, str | int | float):
            continue
        changed = copy.deepcopy(signed)
        place = changed
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = f"{value}x" if isinstance(value, str) else value + 1
        with pytest.raises(VerifyError):
            verify_proof(changed, PUBLIC)


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path, value


@SUITES
def test_every_member_of_the_proof_is_signed(unsigned, suite):
    signed = sign(unsigned, suite)

    assert code(with_proof(signed, created="2026-11-21T08:30:01Z")) == "signature.altered"
    assert code(with_proof(signed, created=None)) == "signature.altered"
    assert code(with_proof(signed, verificationMethod=f"{METHOD[:-1]}x")) == "signature.altered"
    assert code(with_proof(signed, id="urn:uuid:1"), PUBLIC).startswith("signature.altered")
    assert code(signed, STRANGER.public_key().public_bytes_raw()) == "signature.altered"


@SUITES
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type": "Ed25519Signature2020"}, "signature.malformed"),
        ({"cryptosuite": "eddsa-2022"}, "signature.unknown_suite"),
        ({"cryptosuite": None}, "signature.unknown_suite"),
        ({"cryptosuite": [JCS]}, "signature.unknown_suite"),
        ({"proofPurpose": "authentication"}, "signature.purpose"),
        ({"proofPurpose": None}, "signature.purpose"),
        ({"created": "2026-11-21"}, "signature.malformed"),
        ({"created": "2026-11-21T08:30:00"}, "signature.malformed"),
        ({"created": 5}, "signature.malformed"),
        ({"expires": "never"}, "signature.malformed"),
        ({"previousProof": "urn:uuid:1"}, "signature.malformed"),
        ({"verificationMethod": None}, "signature.malformed"),
        ({"proofValue": None}, "signature.malformed"),
        ({"proofValue": ""}, "signature.malformed"),
        ({"proofValue": "z"}, "signature.malformed"),
        ({"proofValue": "u" + "A" * 86}, "signature.malformed"),
        ({"proofValue": "z" + "1" * 63}, "signature.malformed"),
        ({"proofValue": "z" + "1" * 65}, "signature.malformed"),
        ({"proofValue": "z" + "1" * 64}, "signature.altered"),
        ({"@context": []}, "signature.context"),
        ({"@context": [OPEN_BADGES, CREDENTIALS_V2]}, "signature.context"),
        ({"@context": "https://example.com"}, "signature.context"),
    ],
)
def test_each_malformed_proof_is_refused_for_its_reason(unsigned, suite, changes, expected):
    assert code(with_proof(sign(unsigned, suite), **changes)) == expected


@pytest.mark.parametrize(
    ("proof", "expected"),
    [
        (None, "signature.no_proof"),
        ([], "signature.no_proof"),
        ("x", "signature.malformed"),
        (["x"], "signature.malformed"),
        ([{}] * 9, "signature.malformed"),
        ({}, "signature.malformed"),
    ],
)
def test_a_document_without_a_proof_is_refused(unsigned, proof, expected):
    assert code({**unsigned, "proof": proof}) == expected


def test_contexts_may_follow_those_of_a_jcs_proof_but_not_replace_them(unsigned):
    signed = sign({**unsigned, "@context": [CREDENTIALS_V2, OPEN_BADGES]})
    more = {**signed, "@context": [*signed["@context"], {"later": "urn:x"}]}
    fewer = {**signed, "@context": signed["@context"][:1]}

    assert signed["proof"]["@context"] == signed["@context"]
    verify_proof(more, PUBLIC)
    assert code(fewer) == "signature.context"


def test_a_proof_repeats_no_context_that_some_verifiers_cannot_compare(unsigned):
    """Digital Bazaar's eddsa-jcs-2022 compares contexts by identity: no inline one ever fits."""
    signed = sign(unsigned)
    others = [*signed["@context"][:-1], {"zh": "urn:x"}]

    assert any(isinstance(context, dict) for context in signed["@context"])
    assert "@context" not in signed["proof"]
    assert code({**signed, "@context": others}) == "signature.altered"
    assert code({**signed, "@context": others[:-1]}) == "signature.altered"


def test_a_proof_that_repeats_an_inline_context_holds_as_well(unsigned):
    """Certificates issued before, and those of others, repeat it as the specification has it."""
    config = {**sign(unsigned)["proof"], "@context": unsigned["@context"]}
    del config["proofValue"]
    hashes = [hashlib.sha256(canonical_json(part)).digest() for part in (config, unsigned)]
    value = "z" + base58btc(PRIVATE.sign(b"".join(hashes)))

    verify_proof({**unsigned, "proof": {**config, "proofValue": value}}, PUBLIC)


def test_a_set_of_proofs_holds_under_the_key_that_is_asked_for(unsigned):
    mine = sign(unsigned)
    key = multikey(STRANGER.public_key().public_bytes_raw())
    theirs = sign(unsigned, sign=STRANGER.sign, verification_method=f"urn:other#{key}")
    both = {**unsigned, "proof": [mine["proof"], theirs["proof"]]}
    spoilt = {**both, "proof": [both["proof"][0], with_proof(theirs, created=None)["proof"]]}
    third = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32).public_key().public_bytes_raw()

    verify_proof(both, PUBLIC)
    verify_proof(spoilt, PUBLIC)
    assert len(verify_own(both)) == 2
    with pytest.raises(VerifyError, match=r"signature\.altered"):
        verify_own(spoilt)
    assert code(both, third) == "signature.method"


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"cryptosuite": "ecdsa-jcs-2019"}, "cryptosuite"),
        ({"created": "now"}, "now"),
        ({"sign": lambda _: b"short"}, "sign"),
    ],
)
def test_an_unfit_argument_is_named(unsigned, changes, argument):
    with pytest.raises(ValueError, match=argument):
        sign(unsigned, **changes)
    with pytest.raises(ValueError, match="document"):
        sign(sign(unsigned))


# RDFC: what JSON-LD would drop or hide


def normalised(document):
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    return jsonld.normalize(document, options)


def load(url, _options):
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": PINNED[url],
    }


def test_the_quads_are_those_of_pyld(unsigned):
    assert rdfc.canonize(unsigned) == normalised(unsigned)


@pytest.mark.parametrize(
    "context",
    [
        OPEN_BADGES,
        {"@vocab": "https://x.example/", "@language": "zh", "@base": "https://y.example/"},
        {"created": "urn:mine", "proofPurpose": None, "assertionMethod": "urn:other"},
        {"verificationMethod": {"@id": "urn:v", "@language": "en"}, "cryptosuite": "urn:c"},
        {"did": "urn:elsewhere:", "https": "urn:elsewhere:"},
    ],
)
@pytest.mark.parametrize("method", [METHOD, "did:key:z6Mk#z6Mk"])
@pytest.mark.parametrize("created", ["2026-11-21T08:30:00Z", None])
def test_the_short_way_for_proofs_gives_what_pyld_gives(context, method, created):
    config = {
        "@context": [CREDENTIALS_V2, context],
        "type": "DataIntegrityProof",
        "cryptosuite": RDFC,
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        **({"created": created} if created else {}),
    }
    longer = {**config, "id": "urn:uuid:7a"}

    assert rdfc.canonize_proof(config) == normalised(config)
    assert rdfc.canonize_proof(longer) == normalised(longer)
    assert "urn:uuid:7a" in rdfc.canonize_proof(longer)


@pytest.mark.parametrize(
    "members",
    [
        {"nickname": "unknown term"},
        {"type": ["VerifiableCredential", "OpenBadgeCredential", "Unheard"]},
        {"id": "relative/path"},
        {"description": None},
        {"evidence": []},
    ],
)
def test_nothing_falls_out_of_an_rdfc_signature(unsigned, members):
    signed = sign(unsigned, RDFC)

    with pytest.raises(VerifyError, match=r"rdf\.dropped"):
        sign({**unsigned, **members}, RDFC)
    assert code({**signed, **members}) == "rdf.dropped"


def test_validity_cannot_hide_behind_another_name(unsigned):
    """Renaming a term to its IRI keeps the signature, but no reader would see the end of validity."""
    signed = sign(unsigned, RDFC)
    hidden = {name: value for name, value in signed.items() if name != "validUntil"}
    hidden["https://www.w3.org/2018/credentials#validUntil"] = {
        "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
        "@value": signed["validUntil"],
    }
    plain = {name: value for name, value in hidden.items() if name != "proof"}

    assert normalised(plain) == normalised(unsigned)
    assert code(hidden) == "rdf.hidden"


def test_a_context_that_is_not_pinned_is_refused_and_not_fetched(unsigned):
    signed = sign(unsigned, RDFC)
    elsewhere = {**signed, "@context": [CREDENTIALS_V2, "https://example.com/context.json"]}

    with pytest.raises(VerifyError) as refused:
        verify_proof(elsewhere, PUBLIC)

    assert refused.value.code == "rdf.context"
    assert refused.value.params == {"context": "https://example.com/context.json"}


@pytest.mark.parametrize(
    "context", [{"name": "urn:x"}, {"@version": 2}, 5, {"zh": {"@id": "zh", "@type": "@none-such"}}]
)
def test_a_context_that_breaks_the_rules_is_refused(unsigned, context):
    signed = sign(unsigned, RDFC)

    assert code({**signed, "@context": [CREDENTIALS_V2, OPEN_BADGES, context]}).startswith("rdf.")


def test_a_graph_made_to_keep_the_algorithm_busy_is_given_up(unsigned):
    """A clique of blank nodes that all look alike."""
    names = [f"_:b{n}" for n in range(10)]
    term = {"knows": {"@id": "urn:knows", "@type": "@id"}}
    graph = [{"@id": a, "knows": [b for b in names if b != a]} for a in names]
    document = {**unsigned, "@context": [CREDENTIALS_V2, OPEN_BADGES, {**term, "zh": None}]}
    document = {"@context": [CREDENTIALS_V2, term], "@graph": graph}

    with pytest.raises(VerifyError, match=r"rdf\.too_much_work"):
        rdfc.canonize(document)
