"""What may be wrong with the log, a witness or an anchor: each code in words, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence that says what is wrong, and one that says what helps."""

    says: StrOrPromise
    helps: StrOrPromise = ""


_KNOWN: dict[str, Words] = {
    "log.behind": Words(
        _("The log is behind what it has signed before. Most likely an old backup was restored."),
        _(
            "Nothing is signed until this is settled; decisions are kept and wait. Restore the newest "
            "backup of database and data folder, check again, then lift the block with a reason."
        ),
    ),
    "log.forked": Words(
        _(
            "The log differs from one that was signed and witnessed before: there would be two histories."
        ),
        _(
            "Nothing is signed. Keep a copy of database and data folder, tell the witnesses, and restore "
            "the state that they have seen. If that is lost, a new origin must be opened."
        ),
    ),
    "policy.none": Words(
        _(
            "There is no policy yet: nothing is published until it says how many witnesses must sign."
        ),
        _("Set a new policy"),
    ),
    "witness.unreachable": Words(
        _("The witness does not answer."),
        _("Ask its institution whether it runs and whether the address is right."),
    ),
    "witness.unknown_log": Words(
        _("The witness does not know this log."),
        _("Send its institution the policy file: the witness takes origin and key from there."),
    ),
    "witness.untrusted_key": Words(
        _("The witness does not know the key of this log."),
        _("Send its institution the new policy file; after a new key every witness needs it."),
    ),
    "witness.answer": Words(
        _("The witness gives an answer that no witness gives."),
        _("The address may lead to another program; ask its institution."),
    ),
    "witness.signature": Words(
        _("The signature of the witness does not fit its key."),
        _("Ask its institution for the present key; a new key is a new witness."),
    ),
    "witness.ahead": Words(
        _("The witness has seen a larger log than this one."),
        _("See on the page of the log why it is blocked."),
    ),
    "witness.refused": Words(
        _("The witness refuses the checkpoint."),
        _("See on the page of the log why it is blocked, and ask the witness's institution."),
    ),
    "anchor.unreachable": Words(
        _("The service where anchors are written does not answer."),
        _("It is tried again by itself. The log goes on meanwhile."),
    ),
    "anchor.refused": Words(
        _("The chain refuses the anchor."),
        _("Look whether contract and account are the ones that were set up."),
    ),
    "anchor.wrong_chain": Words(
        _("The node belongs to another chain."), _("Correct the address of the node.")
    ),
    "anchor.no_contract": Words(
        _("There is no contract at the address that was set up."),
        _("Deploy the contract, or correct its address."),
    ),
    "anchor.other_contract": Words(
        _("Another program runs at the address of the contract."),
        _("Correct the address of the contract."),
    ),
    "anchor.no_funds": Words(
        _("The account cannot pay for the transaction."), _("Top the account up.")
    ),
    "anchor.too_dear": Words(
        _("The chain asks more than the limit that was set."),
        _("It is tried again by itself when the price falls."),
    ),
    "anchor.slow": Words(
        _("The chain has not confirmed the anchor yet."),
        _("It is watched; there is nothing to do."),
    ),
    "anchor.not_installed": Words(
        _("The programs for anchoring are not installed."), _("Install the extra “anchor”.")
    ),
    "anchor.node_error": Words(
        _("The node of the chain answers with an error."),
        _("It is tried again by itself."),
    ),
    "anchor.underpriced": Words(
        _("The chain finds the offered fee too low."),
        _("It is tried again by itself for a higher fee."),
    ),
    "anchor.nonce_used": Words(
        _("Another transaction of the same account came first."),
        _("It is begun again by itself. Use the account for nothing else."),
    ),
    "anchor.replaced": Words(
        _("Another transaction of the same account came first."),
        _("It is begun again by itself. Use the account for nothing else."),
    ),
    "anchor.vanished": Words(
        _("The chain has lost an anchor that it had confirmed."),
        _("It is anchored again by itself. Let more blocks pass before an anchor counts."),
    ),
    "anchor.key_missing": Words(
        _("The key of the anchor's account is missing, damaged or open to others."),
        _("Look at the key file; it is in the backups of this system."),
    ),
    "anchor.key_open": Words(
        _("The key of the anchor's account is missing, damaged or open to others."),
        _("Look at the key file; it is in the backups of this system."),
    ),
    "anchor.key_malformed": Words(
        _("The key of the anchor's account is missing, damaged or open to others."),
        _("Look at the key file; it is in the backups of this system."),
    ),
    "timestamp.unreachable": Words(
        _("The time-stamping authority gives no time-stamp."),
        _("It is tried again by itself. If it lasts, look at the address of the authority."),
    ),
    "timestamp.http": Words(
        _("The time-stamping authority gives no time-stamp."),
        _("It is tried again by itself. If it lasts, look at the address of the authority."),
    ),
    "timestamp.rejected": Words(
        _("The time-stamping authority gives no time-stamp."),
        _("It is tried again by itself. If it lasts, look at the address of the authority."),
    ),
    "timestamp.nonce": Words(
        _("The time-stamp is not by an authority that is trusted here, or not of what was asked."),
        _("Look whether address and certificates of the authority are right."),
    ),
    "timestamp.imprint": Words(
        _("The time-stamp is not by an authority that is trusted here, or not of what was asked."),
        _("Look whether address and certificates of the authority are right."),
    ),
    "timestamp.untrusted": Words(
        _("The time-stamp is not by an authority that is trusted here, or not of what was asked."),
        _("Look whether address and certificates of the authority are right."),
    ),
    "timestamp.clock": Words(
        _("The clock of the time-stamping authority is more than an hour away from ours."),
        _("Correct the clock of this server, or choose another authority."),
    ),
    "timestamp.no_roots": Words(
        _("The certificates of the time-stamping authority are not set or cannot be read."),
        _("Set COTUTELLE_TSA_ROOTS."),
    ),
}


def words_of(code: str) -> Words:
    """Return ``code`` in words; the code itself where nobody wrote any."""
    return _KNOWN.get(code, Words(code))
