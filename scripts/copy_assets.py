"""Copy what the pages load from node_modules into the ignored vendor folder."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src/cotutelle/ui/static/vendor"

FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/icons-webfont/dist/tabler-icons.min.css": "tabler-icons.min.css",
    "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2": "fonts/tabler-icons.woff2",
    "@tabler/icons-webfont/dist/fonts/tabler-icons.woff": "fonts/tabler-icons.woff",
    "@tabler/icons-webfont/dist/fonts/tabler-icons.ttf": "fonts/tabler-icons.ttf",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "@alpinejs/csp/dist/cdn.min.js": "alpine.min.js",
    "echarts/dist/echarts.min.js": "echarts.min.js",
}
SOURCE_MAP = re.compile(rb"(/\*|//)[#@] sourceMappingURL=\S+( \*/)?")


def copy_assets() -> None:
    """Fill a folder beside the vendor folder and put it in its place."""
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=VENDOR.parent, prefix=".vendor-") as name:
        fresh = Path(name) / "vendor"
        for source, target in FILES.items():
            path = fresh / target
            path.parent.mkdir(parents=True, exist_ok=True)
            data = (MODULES / source).read_bytes()
            # The maps are not served, and a hashed storage would stumble over their names.
            path.write_bytes(
                data if path.suffix in {".woff2", ".woff", ".ttf"} else SOURCE_MAP.sub(b"", data)
            )
        shutil.rmtree(VENDOR, ignore_errors=True)
        fresh.rename(VENDOR)


if __name__ == "__main__":
    copy_assets()
