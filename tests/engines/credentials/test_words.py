"""Every code has a sentence in both languages, and every sentence belongs to a code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cotutelle.engines.credentials import words
from cotutelle.engines.credentials.report import ROWS
from cotutelle.engines.credentials.words import codes, sentence

PACKAGE = Path(words.__file__).parent
CODE = re.compile(r'f?"((?:file|rdf|' + "|".join(ROWS) + r')\.[a-z_{}.]+)"')
BUILT = {
    'f"issuer.{event.event}"': {"issuer.retired", "issuer.compromised"},
    'f"logged.{code}"': {"logged.commitment", "logged.malformed"},
    'f"{row}.member"': {f"{row}.member" for row in ("signature", "issuer", "logged", "status")},
}


def written() -> set[str]:
    found: set[str] = set().union(*BUILT.values())
    for path in PACKAGE.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        found |= {code for code in CODE.findall(source) if "{" not in code}
    return found


def test_what_the_package_says_and_what_has_words_are_the_same():
    told = {code for code in codes() if code.split(".")[0] not in ("row", "state", "verdict")}

    assert written() == told


def test_rows_states_and_verdicts_have_words():
    for row in ROWS:
        assert sentence(f"row.{row}", {}, "zh")
    for state in ("good", "bad", "unknown", "absent"):
        assert sentence(f"state.{state}", {}, "zh")
    for verdict in ("valid", "refused", "unknown"):
        assert sentence(f"verdict.{verdict}", {}, "zh")


@pytest.mark.parametrize("code", codes())
def test_both_languages_say_the_same_things_in_their_own_way(code):
    english, chinese = words._words()[code]["en"], words._words()[code]["zh"]

    assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese))
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert not re.search("[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]", chinese)
    if "." in code and code.split(".")[0] not in ("row", "state"):
        assert english.endswith((".", "}")), english
        assert chinese.endswith(("。", "}")), chinese


def test_gaps_are_filled_and_times_made_readable():
    said = sentence("validity.expired", {"until": "2026-11-21T08:30:00Z"}, "en")

    assert said == "It expired at 2026-11-21 08:30 UTC."
    assert sentence("validity.expired", {"until": "2026-11-21T08:30:00+08:00"}, "en-GB").endswith(
        "+08:00."
    )
    assert sentence("witnesses.good", {"count": 2, "names": ["a", "b"]}, "zh-Hans") == (
        "2 个见证方确认了日志的这一状态：a、b。"
    )


def test_a_reason_is_the_sentence_of_its_code():
    said = sentence("status.member", {"name": "1. X", "code": "status.revoked", "as_of": "t"}, "en")

    assert said == "“1. X”, which it contains: It has been revoked (as of t)."


def test_an_unknown_code_is_refused():
    with pytest.raises(ValueError, match="code"):
        sentence("status.lost", {}, "en")
