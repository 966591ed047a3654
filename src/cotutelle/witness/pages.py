"""The dashboard: one page, no script, two languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from cotutelle.witness import dates
from cotutelle.witness.words import LANGUAGES, say

MINUTE, HOUR, DAY = 60, 3600, 86400
HTML_LANGUAGE = {"zh": "zh-Hans", "en": "en"}
Facts = Mapping[str, Any]


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def preferred_language(chosen: str, accepted: str) -> str:
    """
    Return ``zh`` or ``en``.

    Parameters
    ----------
    chosen
        The ``lang`` parameter, "" when there is none.
    accepted
        The ``Accept-Language`` header.
    """
    if chosen in LANGUAGES:
        return chosen
    best, best_weight = "en", 0.0
    for part in accepted.split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        language = tag.split("-")[0]
        try:
            number = float(weight or 1)
        except ValueError:
            continue
        if language in LANGUAGES and number > best_weight:
            best, best_weight = language, number
    return best


def dashboard(facts: Facts, language: str) -> str:
    """Return the page for what :func:`cotutelle.witness.status.facts` gave."""
    return _Page(facts, language).html()


def _tag(name: str, *content: str, **attributes: str) -> Html:
    # Attributes end in an underscore where Python has the word itself.
    marks = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{marks}>{_join(content)}</{name}>")


def _join(content: Iterable[str]) -> str:
    return "".join(part if isinstance(part, Html) else escape(part) for part in content)


class _Page:
    def __init__(self, facts: Facts, language: str) -> None:
        self._facts = facts
        self._language = language

    def _say(self, code: str, **values: object) -> str:
        return say(code, self._language, **values)

    def html(self) -> str:
        title = self._say("title", name=self._facts["name"])
        head = _tag(
            "head",
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html('<link rel="stylesheet" href="/witness.css">'),
            _tag("title", title),
        )
        body = _tag(
            "body",
            _tag("a", self._say("skip"), href="#main", class_="skip"),
            self._top(title),
            _tag(
                "main",
                self._verdict(),
                self._section("logs", *self._logs()),
                self._forks(),
                self._section("ours", *self._ours()),
                self._section("documents", *self._documents()),
                self._section("refusals", *self._refusals()),
                self._section("keys", *self._keys()),
                id="main",
            ),
        )
        page = _tag("html", head, body, lang=HTML_LANGUAGE[self._language])
        return f"<!doctype html>\n{page}\n"

    def _top(self, title: str) -> Html:
        other = LANGUAGES[1 - LANGUAGES.index(self._language)]
        return _tag(
            "header",
            _tag("h1", title),
            _tag("p", self._say("as_of", time=self._exact(self._facts["at"])), class_="meta"),
            _tag(
                "a",
                self._say("other_language"),
                href=f"/?lang={other}",
                lang=HTML_LANGUAGE[other],
                hreflang=HTML_LANGUAGE[other],
                class_="language",
            ),
        )

    def _verdict(self) -> Html:
        wrong = [
            f"{log['origin']}：{sentence}"
            if self._language == "zh"
            else f"{log['origin']}: {sentence}"
            for log in self._facts["logs"]
            for sentence in self._findings(log, alarming=True)
        ]
        if self._facts["forks"]:
            wrong.insert(0, self._say("alarm_forks", count=len(self._facts["forks"])))
        if self._facts["clock_behind_s"] > MINUTE:
            wrong.append(self._say("alarm_clock", seconds=self._facts["clock_behind_s"]))
        if wrong:
            lines = [_tag("li", line) for line in wrong]
            heading = _tag("h2", "✖ ", self._say("alarm"))
            return _tag(
                "section", heading, _tag("ul", *lines), class_="verdict wrong", role="alert"
            )
        if not any(log["followed"] for log in self._facts["logs"]):
            return Html("")
        return _tag("section", _tag("p", "✔ ", self._say("all_well")), class_="verdict good")

    def _findings(self, log: Facts, *, alarming: bool) -> list[str]:
        return [
            self._say(f"finding.{found['code']}", detail=found["detail"])
            + ("" if self._language == "zh" else " ")
            + self._say("since", time=self._exact(found["since"]))
            for found in log["findings"]
            if found["is_alarm"] == alarming
        ]

    def _section(self, code: str, *content: str) -> Html:
        return _tag("section", _tag("h2", self._say(code)), *content)

    def _logs(self) -> list[Html]:
        if not self._facts["logs"]:
            return [
                _tag("p", self._say("no_log")),
                _tag("p", self._say("no_log_hint"), class_="meta"),
            ]
        return [self._log(log) for log in self._facts["logs"]]

    def _log(self, log: Facts) -> Html:
        content: list[str] = [
            _tag("h3", log["origin"], " ", self._state(log)),
            self._tree("cosigned", log["recorded"], "cosigned_at", "none_cosigned"),
        ]
        if log["url"]:
            content.append(self._tree("published", log["followed"], "agreed_at", "never"))
            content += [_tag("p", line) for line in self._findings(log, alarming=False)]
            asked = self._moment(log["asked_at"]) if log["asked_at"] else Html(self._say("never"))
            content.append(
                _tag("p", self._say("asked"), " ", asked, " · ", log["url"], class_="meta")
            )
        else:
            content.append(_tag("p", self._say("not_followed"), class_="meta"))
        return _tag("article", *content)

    def _state(self, log: Facts) -> Html:
        if any(found["is_alarm"] for found in log["findings"]):
            return _tag("span", "✖ ", self._say("bad"), class_="state wrong")
        if not log["url"]:
            return _tag("span", self._say("unwatched"), class_="state")
        if not log["followed"]:
            return _tag("span", self._say("waiting"), class_="state")
        return _tag("span", "✔ ", self._say("good"), class_="state good")

    def _tree(self, code: str, tree: Facts | None, moment: str, missing: str) -> Html:
        if tree is None:
            return _tag(
                "div", _tag("h4", self._say(code)), _tag("p", self._say(missing)), class_="tree"
            )
        rows = [
            _tag("dt", self._say("size")),
            _tag("dd", f"{tree['size']:,}", class_="number"),
            _tag("dt", self._say("root")),
            _tag("dd", _tag("code", tree["root"])),
            _tag("dt", self._say("time")),
            _tag("dd", self._moment(tree[moment])),
        ]
        return _tag("div", _tag("h4", self._say(code)), _tag("dl", *rows), class_="tree")

    def _moment(self, seconds: int) -> Html:
        age = max(0, self._facts["at"] - seconds)
        for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", 1)):
            if age >= 2 * length or length == 1:
                relative = self._say(f"ago_{unit}", n=age // length)
                break
        exact = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return _tag("time", relative, " (", self._exact(seconds), ")", datetime=exact)

    def _exact(self, seconds: int) -> str:
        return dates.moment(seconds, self._language)

    @staticmethod
    def _whole(text: str) -> Html:
        return _tag("span", text, class_="whole")

    def _ours(self) -> list[Html]:
        if not self._facts["issuers"]:
            return [_tag("p", self._say("no_issuer"), class_="meta")]
        names = [_tag("li", _tag("code", name)) for name in self._facts["issuers"]]
        entries = self._facts["entries"]
        content = [_tag("ul", *names, class_="plain")]
        if not entries["latest"]:
            return [*content, _tag("p", self._say("no_entries"))]
        latest = [
            (
                str(row["index"]),
                self._whole(self._say(f"kind.{row['kind']}")),
                self._whole(dates.day(row["day"], self._language)),
                row["origin"],
            )
            for row in entries["latest"]
        ]
        return [
            *content,
            _tag("p", self._say("ours_hint"), class_="meta"),
            self._months(entries["months"]),
            _tag("h3", self._say("latest", n=len(latest))),
            self._table(("index", "kind", "day", "log"), latest, numbers={0}),
        ]

    def _months(self, rows: Sequence[Facts]) -> Html:
        counts = Counter({(row["month"], row["kind"]): row["count"] for row in rows})
        months = sorted({row["month"] for row in rows}, reverse=True)
        kinds = sorted({row["kind"] for row in rows})
        body = [
            (
                self._whole(dates.month(month, self._language)),
                *(str(counts[month, kind] or "–") for kind in kinds),
                str(sum(counts[month, kind] for kind in kinds)),
            )
            for month in months
        ]
        heads = ("month", *(f"kind.{kind}" for kind in kinds), "total")
        return self._table(heads, body, numbers=set(range(1, len(heads))))

    def _documents(self) -> list[Html]:
        held = self._facts["documents"]
        rows = [
            (
                _tag("span", self._say("status_list"), Html("<br>"), _tag("code", row["id"])),
                str(row["index"]),
                dates.stated(row["stated_at"], self._language),
            )
            for row in held["status"]
        ]
        rows += [
            (
                _tag(
                    "span",
                    self._say("keys_of", count=row["count"]),
                    Html("<br>"),
                    _tag("code", row["controller"]),
                ),
                "",
                self._exact(row["at"]),
            )
            for row in held["keys"]
        ]
        hint = _tag("p", self._say("documents_hint"), class_="meta")
        if not rows:
            return [_tag("p", self._say("no_documents")), hint]
        return [hint, self._table(("document", "index", "stated"), rows, numbers={1})]

    def _refusals(self) -> list[Html]:
        rows = [
            (
                self._say(f"refusal.{row['code']}"),
                str(row["count"]),
                self._exact(row["latest"]),
            )
            for row in self._facts["refusals"]
        ]
        if not rows:
            return [_tag("p", self._say("no_refusals"))]
        return [self._table(("reason", "count", "last_time"), rows, numbers={1})]

    def _forks(self) -> Html:
        if not self._facts["forks"]:
            return Html("")
        content = [_tag("p", self._say("forks_hint"))]
        for fork in self._facts["forks"]:
            notes = [
                _tag("div", _tag("h4", self._say(code)), _tag("pre", text, tabindex="0"))
                for code, text in (
                    ("fork_kept", fork["kept_note"] or self._say("fork_nothing")),
                    ("fork_other", fork["other_note"]),
                )
            ]
            heading = self._say("fork_of", origin=fork["origin"], size=fork["size"])
            seen = self._say(f"fork_seen.{fork['seen_by']}", time=self._exact(fork["at"]))
            parts = [_tag("h3", heading), _tag("p", seen, class_="meta")]
            content.append(_tag("article", *parts, _tag("div", *notes, class_="pair")))
        return _tag("section", _tag("h2", self._say("forks")), *content, class_="forks")

    def _keys(self) -> list[Html]:
        keys = "\n".join(self._facts["vkeys"])
        return [
            _tag("p", self._say("keys_hint"), class_="meta"),
            _tag("pre", keys, tabindex="0", class_="keys"),
        ]

    def _table(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: set[int]
    ) -> Html:
        def cell(name: str, at: int, text: str) -> Html:
            return _tag(name, text, class_="number") if at in numbers else _tag(name, text)

        top = _tag("tr", *(cell("th", at, self._say(head)) for at, head in enumerate(heads)))
        body = [_tag("tr", *(cell("td", at, text) for at, text in enumerate(row))) for row in rows]
        table = _tag("table", _tag("thead", top), _tag("tbody", *body))
        label = self._say("scroll")
        return _tag("div", table, class_="table", tabindex="0", role="region", aria_label=label)
