"""What `cotutelle verify` says of a batch of issued certificates, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cotutelle.cli._text import printable
from cotutelle.engines.credentials.words import sentence

if TYPE_CHECKING:
    from cotutelle.engines.credentials.batches import BatchVerdict, Fault

FAULTS: dict[str, dict[str, str]] = {
    "malformed": {
        "en": "malformed: “{where}” is not as this format has it.",
        "zh": "格式有误：“{where}”不符合该格式。",
    },
    "input_sha256": {
        "en": "input_sha256: {where} is stated, but the inputs give {detail}.",
        "zh": "输入摘要不符：文件写明 {where}，实际为 {detail}。",
    },
    "award_twice": {
        "en": "award {where} was chosen twice.",
        "zh": "授予项 {where} 被选择了两次。",
    },
    "credential_twice": {
        "en": "two certificates have the same {detail}: {where}.",
        "zh": "两个证书的 {detail} 相同：{where}。",
    },
    "unknown_award": {
        "en": "{where} was issued for the award {detail}, which nobody chose.",
        "zh": "{where} 所对应的授予项 {detail} 不在选择之列。",
    },
    "key": {
        "en": "{where}: {detail} is not an Ed25519 key.",
        "zh": "{where}：{detail} 不是 Ed25519 密钥。",
    },
    "stranger": {
        "en": "{where} does not belong to this batch.",
        "zh": "{where} 不属于这一批。",
    },
    "digest": {
        "en": "{where} is another text than was issued: its digest is {detail}.",
        "zh": "{where} 与签发时的内容不同，其摘要为 {detail}。",
    },
    "signature": {
        "en": "{where}: {detail}",
        "zh": "{where}：{detail}",
    },
    "other_key": {
        "en": "{where} is signed with another key than is stated here: {detail}.",
        "zh": "{where} 的签名密钥与此处写明的不同：{detail}。",
    },
    "other_issuer": {
        "en": "{where} names another issuer: {detail}.",
        "zh": "{where} 写明的签发单位不同：{detail}。",
    },
    "achievement": {
        "en": "{where} certifies another achievement than was chosen: {detail}.",
        "zh": "{where} 证明的成就与所选的不同：{detail}。",
    },
}
_HOLDS = {
    "en": "every check holds. {issued} of {chosen} awards chosen have a certificate by {issuer}.",
    "zh": "各项校验均成立。所选 {chosen} 个授予项中，{issuer} 签发了 {issued} 个证书。",
}
_COMPARED = {
    "en": "Compared with the certificates themselves (text, signature, achievement): {compared} of {issued}."
    " Of the others only that each is listed once, for a chosen award, with a digest and a key.",
    "zh": "已与证书原文比对(内容、签名、成就):{issued} 个中的 {compared} 个。"
    "其余仅校验了每个证书只列出一次、对应所选授予项，并写明摘要与密钥。",
}
_NOT_CHECKED = {
    "en": "Not checked: which student an award is about and who signed for it (the institution's records tell"
    " that), whether what is stated is true, and whether key, log, witnesses and status hold: cotutelle"
    " credential verify does that for each certificate.",
    "zh": "未校验的内容：授予项对应哪位学生、由谁签署(以单位的记录为准)，所载内容是否属实，"
    "以及密钥、日志、见证方和撤销状态；后者可用 cotutelle credential verify 对每个证书逐一核验。",
}


def fault_words(fault: Fault, language: str) -> str:
    """Return the sentence of a fault; the reason of a bad signature is the verifier's."""
    detail = fault.detail
    if fault.code == "signature":
        detail = sentence(detail, fault.params, language)
    return printable(FAULTS[fault.code][language].format(where=fault.where, detail=detail))


def holds_words(verdict: BatchVerdict, issuer: str, language: str) -> str:
    """Return what was found good, how much of it was compared, and what nobody can tell from it."""
    figures = {
        "issued": verdict.issued,
        "chosen": verdict.chosen,
        "compared": verdict.compared,
        "issuer": printable(issuer),
    }
    lines = (_HOLDS, _COMPARED, _NOT_CHECKED)
    return "\n".join(words[language].format(**figures) for words in lines)
