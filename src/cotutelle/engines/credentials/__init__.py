"""
Verifiable credentials: making them, signing them, and finding out whether to believe one.

`verify_bundle` is the whole check of a share bundle; `secure` and `verify_proof` are the proofs alone;
`build_credential` and `build_transcript` make documents, `status_list` revokes them, `bake` puts them into
pictures. Nothing here reads a clock, a file or the network: the caller gives bytes and the time. What is
refused raises a ``ValueError`` with a code whose sentence, in two languages, `sentence` gives.
"""

from __future__ import annotations

from cotutelle.engines.credentials.achievements import CredentialProblem, build_credential
from cotutelle.engines.credentials.badges import bake, unbake
from cotutelle.engines.credentials.bundles import build_bundle
from cotutelle.engines.credentials.errors import FileProblem, VerifyError
from cotutelle.engines.credentials.files import read_file
from cotutelle.engines.credentials.integrity import secure, verify_own, verify_proof
from cotutelle.engines.credentials.keys import multikey, public_key
from cotutelle.engines.credentials.reading import read_json
from cotutelle.engines.credentials.report import Finding, Report
from cotutelle.engines.credentials.status import (
    LIST_BITS,
    decode_list,
    encode_list,
    status_entry,
    status_list,
    status_of,
)
from cotutelle.engines.credentials.transcripts import build_transcript
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.engines.credentials.words import sentence

__all__ = [
    "LIST_BITS",
    "CredentialProblem",
    "FileProblem",
    "Finding",
    "Report",
    "VerifyError",
    "bake",
    "build_bundle",
    "build_credential",
    "build_transcript",
    "decode_list",
    "encode_list",
    "multikey",
    "public_key",
    "read_file",
    "read_json",
    "secure",
    "sentence",
    "status_entry",
    "status_list",
    "status_of",
    "unbake",
    "verify_bundle",
    "verify_own",
    "verify_proof",
]
