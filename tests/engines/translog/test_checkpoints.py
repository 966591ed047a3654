"""The text of checkpoints."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.translog import Checkpoint, NoteError


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


ROOT = b64(bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        f"a\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"a\n\n{ROOT}\n",
        f"a\n01\n{ROOT}\n",
        f"a\n00\n{ROOT}\n",
        f"a\n+1\n{ROOT}\n",
        f"a\n-1\n{ROOT}\n",
        f"a\n 1\n{ROOT}\n",
        f"a\n1 \n{ROOT}\n",
        f"a\n1.0\n{ROOT}\n",
        f"a\n0x1\n{ROOT}\n",
        f"a\n1_0\n{ROOT}\n",
        f"a\n١\n{ROOT}\n",
        f"a\n{2**63}\n{ROOT}\n",
        f"a\n{10**30}\n{ROOT}\n",
        f"a\n1\n{ROOT[:-1]}\n",
        f"a\n1\n{ROOT}=\n",
        f"a\n1\n{ROOT[:-2]}B=\n",
        f"a\n1\n{b64(bytes(31))}\n",
        f"a\n1\n{b64(bytes(33))}\n",
        f"a\n1\n{bytes(32).hex()}\n",
        f"a\n1\n{ROOT} \n",
        f"a\n1\n{ROOT}\n\n",
        f"a\n1\n{ROOT}\n\nx\n",
        f"a\n1\n{ROOT}\nx\n\n",
        f"a\r\n1\r\n{ROOT}\r\n",
        f"a\x07\n1\n{ROOT}\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@given(
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1)),
)
def test_checkpoints_come_back(origin: str, size: int, root: bytes, lines: list[str]) -> None:
    head = Checkpoint(origin, size, root, tuple(lines))
    assert Checkpoint.parse(head.text) == head
