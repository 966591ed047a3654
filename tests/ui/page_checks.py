"""What a page must never do, seen from its HTML alone."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

_VOID = {"input", "meta", "link", "br", "img", "hr", "source"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.labels: set[str] = set()
        self.headings = 0
        self.label_depth = 0
        self._named: list[tuple[str, dict[str, str | None], list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._check_policy(tag, values)
        if values.get("id"):
            self.ids[str(values["id"])] += 1
        for name in ("aria-describedby", "aria-labelledby", "for"):
            self.references.update((values.get(name) or "").split())
        href = values.get("href") or ""
        if href.startswith("#") and len(href) > 1:
            self.references.add(href[1:])
        self.headings += tag == "h1"
        if tag == "label":
            self.label_depth += 1
            self.labels.add(values.get("for") or "")
        visible = values.get("type") not in {"hidden", "submit"}
        if tag in {"input", "select", "textarea"} and visible and not self.label_depth:
            self.controls.append(values)
        if tag in {"a", "button", "summary"}:
            self._named.append((tag, values, []))

    def _check_policy(self, tag: str, values: dict[str, str | None]) -> None:
        for name in values:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"<{tag} {name}> is refused by the content security policy")
        if tag == "style":
            self.faults.append("<style> is refused by the content security policy")
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.faults.append("an inline script is refused by the content security policy")

    def handle_data(self, data: str) -> None:
        for _tag, _values, texts in self._named:
            texts.append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.label_depth -= 1
        if self._named and self._named[-1][0] == tag:
            _tag, values, texts = self._named.pop()
            if not (values.get("aria-label") or values.get("title") or any(texts)):
                self.faults.append(f"a <{tag}> has no name: {values}")


def find_faults(html: str) -> list[str]:
    """Return every fault of a page in words; an empty list for a sound one."""
    reader = _Reader()
    reader.feed(html)
    faults = list(reader.faults)
    faults += [
        f"id {name!r} occurs {count} times" for name, count in reader.ids.items() if count > 1
    ]
    faults += [
        f"nothing has the id {name!r}" for name in sorted(reader.references - set(reader.ids))
    ]
    faults += [
        f"a control has no label: {control}"
        for control in reader.controls
        if control.get("id") not in reader.labels and not control.get("aria-label")
    ]
    if reader.headings != 1:
        faults.append(f"{reader.headings} main headings")
    return faults
