"""The log as it stands: its shards, what was published, whom to believe."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db.models import QuerySet

from cotutelle.engines.translog import NoteSignature, TiledTree, Verifier, add_signatures
from cotutelle.institutions.models import Unit
from cotutelle.institutions.queries import institution_of
from cotutelle.ledger.enums import ShardState
from cotutelle.ledger.models import Checkpoint, Shard, WitnessPolicy
from cotutelle.ledger.tilestore import TileStore


def open_shard() -> Shard | None:
    """Return the tree that grows; ``None`` before the log is set up."""
    return Shard.objects.filter(state=ShardState.OPEN).first()


def authority() -> str:
    """Return the name under which institutions issue: that of the log, or of the settings."""
    newest = Shard.objects.order_by("-number").first()
    return newest.authority if newest else settings.COTUTELLE_AUTHORITY


def issuer_of(unit: Unit | None) -> str:
    """
    Return who stands in the log for what happened in ``unit``.

    It is the nearest institution at or above it, the consortium where there is none: an
    identifier that nobody has to fetch.
    """
    home = institution_of(unit) if unit else Unit.objects.get(parent=None)
    return issuer_name(home, authority())


def issuer_name(institution: Unit, authority: str) -> str:
    """Return the identifier of an institution under ``authority``."""
    return f"https://{authority}/issuers/{quote(institution.code, safe='')}"


def log_size() -> int:
    """Return how many entries have a place in the tree that grows."""
    shard = open_shard()
    return shard.size if shard else 0


def store_of(shard: Shard) -> TileStore:
    """Return the files of a tree: tiles, bundles of entries, the published checkpoint."""
    return TileStore(Path(settings.COTUTELLE_DATA_DIR) / "log" / str(shard.number))


def tree_of(shard: Shard, size: int) -> TiledTree:
    """Return the first ``size`` leaves of a tree, read from its files."""
    return TiledTree(store_of(shard).read, size)


def verifiers_of(shard: Shard) -> list[Verifier]:
    """Return all keys that ever signed for a tree, retired ones too."""
    return [Verifier.parse(key.vkey) for key in shard.keys.order_by("id")]


def newest_checkpoint(shard: Shard) -> Checkpoint | None:
    """Return the last head that was signed."""
    return shard.checkpoints.order_by("-size").first()


def published_checkpoint(shard: Shard) -> Checkpoint | None:
    """Return the last head that enough witnesses cosigned."""
    found: QuerySet[Checkpoint] = shard.checkpoints.filter(published_at__isnull=False)
    return found.order_by("-size").first()


def cosigned_note(checkpoint: Checkpoint) -> str:
    """Return a signed head with the newest cosignature by each key of each witness under it."""
    newest = {}
    for line in checkpoint.cosignatures.order_by("at", "id").values_list("line", flat=True):
        signature = NoteSignature.parse(line)
        newest[signature.name, signature.key_id] = line
    return add_signatures(checkpoint.note, [newest[key] for key in sorted(newest)])


def published_text(shard: Shard) -> str:
    """Return what is served as the checkpoint; empty before the first."""
    found = published_checkpoint(shard)
    return cosigned_note(found) if found else ""


def current_policy() -> WitnessPolicy | None:
    """Return the policy in force."""
    return WitnessPolicy.objects.order_by("-number").first()


def policy_text() -> str:
    """Return the policy in force as a C2SP tlog-policy file; empty while there is none."""
    found = current_policy()
    return found.text if found else ""
