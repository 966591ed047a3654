"""
Print the constants of the affinity engine, measured on its reference population.

    .venv/bin/python scripts/calibrate_affinity.py VERSION

Paste the result into ``cotutelle/engines/affinity/calibration.py`` under a new version.
"""

from __future__ import annotations

import sys

from cotutelle.engines.affinity.calibration import measure_calibration, reference_texts
from cotutelle.engines.affinity.models import available


def main() -> int:
    """Print one line per channel."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the script and its one argument
        sys.stderr.write(f"{__doc__}\n")
        return 2
    models = available()
    if models is None:
        sys.stderr.write("a model package is missing\n")
        return 1
    found = measure_calibration(reference_texts(), models, version=sys.argv[1])
    sys.stdout.write(
        f"version={found.version!r}\n{models.english.version}\n{models.multilingual.version}\n"
    )
    for route, channels in found.routes.items():
        sys.stdout.write(f"{route}: {dict(channels)},\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
