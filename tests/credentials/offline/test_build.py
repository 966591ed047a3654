"""The offline page as a file: what is in it, and what it forbids itself."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import date

import pytest
import typer
from typer.testing import CliRunner

from cotutelle.cli import credential_page
from cotutelle.credentials.offline.actions import action_words
from cotutelle.credentials.offline.build import build_page, page_words
from cotutelle.credentials.offline.scripts import join_modules
from tests.engines.credentials.world import World

DAY = date(2026, 11, 20)


def block(page: str, opening: str, closing: str) -> str:
    assert page.count(opening) == 1
    return page.partition(opening)[2].partition(closing)[0]


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_its_policy_forbids_all_but_its_own_script_and_style():
    page = build_page(World().policy, built_on=DAY)

    content = block(page, 'http-equiv="Content-Security-Policy" content="', '"')
    rules = dict(rule.split(" ", 1) for rule in content.split("; "))

    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == f"'{digest(block(page, '<script>', '</script>'))}'"
    assert rules["style-src"] == f"'{digest(block(page, '<style>', '</style>'))}'"
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_it_refers_to_nothing_outside():
    page = build_page(World().policy, built_on=DAY)

    assert re.findall(r"""\b(?:src|href|action|srcset)\s*=\s*["']""", page) == []
    assert re.findall(r"@import|url\(", block(page, "<style>", "</style>")) == []
    assert re.findall(r"""<[^>]+\s(?:on[a-z]+|style)=""", block(page, "<body>", "<script")) == []
    assert re.findall(r"^(?:import|export)\b", page, re.MULTILINE) == []


def test_its_data_end_nowhere_but_at_their_end():
    policy = "# </script><script>alert(1)</script>\n" + World().policy

    page = build_page(
        policy, built_on=DAY, words={"action.x": {"en": "</script>", "zh": "{{script}}"}}
    )
    data = json.loads(block(page, '<script type="application/json" id="cv-data">', "</script>"))

    assert data["policy"] == policy
    assert data["builtOn"] == "2026-11-20"
    assert data["words"]["action.x"] == {"en": "</script>", "zh": "{{script}}"}


def test_every_sentence_is_there_in_both_languages():
    words = page_words()

    assert len(words) > 150
    assert [
        code for code, one in words.items() if set(one) != {"en", "zh"} or not all(one.values())
    ] == ["list.space"]
    gaps = {
        code: [set(re.findall(r"\{\w+\}", one[tongue])) for tongue in ("en", "zh")]
        for code, one in words.items()
    }
    assert [code for code, (en, zh) in gaps.items() if en != zh] == []


def test_a_text_that_is_no_policy_is_refused():
    with pytest.raises(ValueError, match="nobody"):
        build_page("quorum nobody\n", built_on=DAY)


SOURCES = {
    "page/start.js": "import { b } from '../b.js';\nimport { c } from './c.js';\nb(c);\n",
    "page/c.js": "import { b } from '../b.js';\nconst hidden = 1;\nexport const c = b(hidden);\n",
    "b.js": "const hidden = 2;\nexport function b(x) {\n  return x + hidden;\n}\nexport class Kept {}\nexport async function later() {}\n",
    "here.js": "import { there } from './there.js';\nexport const here = there;\n",
    "there.js": "import { here } from './here.js';\nexport const there = here;\n",
    "star.js": "import * as all from './b.js';\n",
    "default.js": "export default 1;\n",
}  # fmt: skip


def test_modules_are_joined_each_once_and_after_what_it_needs():
    script = join_modules("page/start.js", SOURCES.__getitem__)

    places = [
        script.index(f"modules['{name}'] = ") for name in ("b.js", "page/c.js", "page/start.js")
    ]
    assert places == sorted(places)
    assert script.count("const hidden = 2") == 1
    assert "return { b, Kept, later };" in script


@pytest.mark.parametrize(
    ("entry", "why"),
    [("here.js", "itself"), ("star.js", "cannot be joined"), ("default.js", "cannot be joined")],
)
def test_modules_that_cannot_be_joined_are_refused(entry: str, why: str):
    with pytest.raises(ValueError, match=why):
        join_modules(entry, SOURCES.__getitem__)


def test_the_command_writes_the_page(tmp_path):
    app = typer.Typer()
    app.callback()(lambda: None)
    credential_page.register(app)
    policy, output = tmp_path / "policy.txt", tmp_path / "verify.html"
    policy.write_text(World().policy, encoding="utf-8")
    arguments = ["page", "--policy", str(policy), "--output", str(output)]

    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.output.startswith(str(output))) == (0, True)
    assert block(output.read_text(encoding="utf-8"), "<title>", "</title>").endswith(
        "Verify a credential"
    )

    output.unlink()
    policy.write_text("quorum nobody\n", encoding="utf-8")
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 2
    assert "nobody" in refused.output
    assert not output.exists()


def test_the_command_names_events_as_the_served_page_does(tmp_path):
    policy, output = tmp_path / "policy.txt", tmp_path / "verify.html"
    policy.write_text(World().policy, encoding="utf-8")
    bare = {name: text for name, text in os.environ.items() if "DJANGO" not in name}
    bare = {name: text for name, text in bare.items() if "COTUTELLE" not in name}
    arguments = ["credential", "page", "--policy", str(policy), "--output", str(output)]

    done = subprocess.run(
        [sys.executable, "-c", "from cotutelle.cli import main; main()", *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=bare | {"COTUTELLE_DATA_DIR": str(tmp_path / "data")},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    words = json.loads(block(output.read_text(encoding="utf-8"), 'id="cv-data">', "</script>"))[
        "words"
    ]
    assert words.items() >= action_words().items()
    assert words["action.credentials.award.signed"]["zh"] == "已签署：符合标准"
    assert not (tmp_path / "data").exists(), "no database was asked and nothing was kept"
