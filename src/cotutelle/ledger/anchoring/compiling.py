"""
Compiling the contract: for whoever changes it, or whose chain wants another EVM version.

``python -m cotutelle.ledger.anchoring.compiling [EVM VERSION]`` prints the artifact; the one for
``london`` is kept in ``data/contract.json``. Needs vyper (in the group ``dev``).
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from cotutelle.ledger.anchoring.artifact import FOLDER

EVM = "london"
"""
The oldest target of this compiler. Its code runs on every chain since 2019 (Constantinople):
newer targets begin contracts with PUSH0, an invalid opcode on many consortium chains.
"""


def compile_contract(evm: str = EVM) -> dict[str, Any]:
    """
    Compile ``data/contract.vy``.

    Parameters
    ----------
    evm
        A target that vyper knows: london, paris, shanghai, cancun, prague.

    Returns
    -------
    dict
        ``compiler``, ``evm``, ``source_sha256``, ``abi``, ``bytecode`` (what is deployed) and
        ``runtime`` (what the chain keeps), both as hex with 0x.
    """
    import vyper  # type: ignore[import-untyped]  # noqa: PLC0415 - not among run-time packages
    from vyper.compiler.settings import (  # type: ignore[import-untyped]  # noqa: PLC0415
        OptimizationLevel,
        Settings,
    )

    source = (FOLDER / "contract.vy").read_text(encoding="utf-8")
    made = vyper.compile_code(
        source,
        contract_path="contract.vy",
        output_formats=["abi", "bytecode", "bytecode_runtime"],
        settings=Settings(evm_version=evm, optimize=OptimizationLevel.GAS),
    )
    return {
        "compiler": f"vyper {vyper.__version__}+commit.{vyper.__commit__}",
        "evm": evm,
        "source_sha256": hashlib.sha256(source.encode()).hexdigest(),
        "abi": made["abi"],
        "bytecode": made["bytecode"],
        "runtime": made["bytecode_runtime"],
    }


def as_text(artifact: dict[str, Any]) -> str:
    """Return ``artifact`` as the file holds it."""
    return json.dumps(artifact, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text(compile_contract(*sys.argv[1:2])))
