"""Every sentence of the dashboard, in Chinese and English: the witness has no Django to translate."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("zh", "en")

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("见证方 {name}", "Witness {name}"),
    "skip": ("跳到主要内容", "Skip to the content"),
    "other_language": ("English", "中文"),
    "as_of": ("本页生成于 {time}", "As of {time}"),
    "all_well": (
        "所关注的日志均一致增长，未见异常。",
        "Every log that is followed has only grown; nothing is wrong.",
    ),
    "no_log": ("尚未信任任何日志。", "No log is trusted yet."),
    "no_log_hint": (
        "用 cotutelle witness log add 添加日志的公钥。",
        "Add the key of a log with: cotutelle witness log add",
    ),
    "not_followed": (
        "未给出日志地址，因此不读取该日志，只对其送来的检查点作联署。",
        "No address was given: this log is not read, only the checkpoints it sends are cosigned.",
    ),
    "alarm": ("发现异常", "Something is wrong"),
    "alarm_forks": (
        "日志签署过互相矛盾的历史：{count} 处，证据见下。",
        "Logs have signed histories that contradict each other: {count}; the evidence is below.",
    ),
    "alarm_clock": (
        "本机时钟比最近一次联署的时间慢 {seconds} 秒；联署沿用较晚的时间。",
        "This machine's clock is {seconds} s behind the last time signed; the later one is used.",
    ),
    "logs": ("日志", "Logs"),
    "cosigned": ("最近联署的检查点", "Last checkpoint cosigned"),
    "none_cosigned": ("尚未联署任何检查点。", "No checkpoint has been cosigned yet."),
    "size": ("条目数", "Entries"),
    "root": ("根哈希", "Root hash"),
    "time": ("时间", "Time"),
    "published": ("日志公开的检查点", "Checkpoint the log publishes"),
    "asked": ("最近一次查看", "Last looked at"),
    "never": ("尚未查看", "not yet"),
    "good": ("一致", "Consistent"),
    "waiting": ("等待第一次查看", "Not looked at yet"),
    "unwatched": ("未关注", "Not followed"),
    "bad": ("异常", "Wrong"),
    "ago_s": ("{n} 秒前", "{n} s ago"),
    "ago_min": ("{n} 分钟前", "{n} min ago"),
    "ago_h": ("{n} 小时前", "{n} h ago"),
    "ago_d": ("{n} 天前", "{n} d ago"),
    "since": ("（自 {time}起）", "since {time}"),
    "finding.no_answer": (
        "日志没有应答（{detail}）。",
        "The log does not answer ({detail}).",
    ),
    "finding.bad_checkpoint": (
        "日志公开的检查点没有有效签名（{detail}）。",
        "The checkpoint the log publishes has no valid signature ({detail}).",
    ),
    "finding.went_back": (
        "日志倒退了：公开的条目数 {detail}。",
        "The log went back: entries published {detail}.",
    ),
    "finding.bad_entries": (
        "日志公开的条目与其签名的根哈希不符（{detail}）。",
        "The entries the log publishes do not have the root it signed ({detail}).",
    ),
    "finding.withheld": (
        "日志长时间未公开我方已联署的检查点：条目数 {detail}。",
        "The log has long kept back a checkpoint that was cosigned here: entries {detail}.",
    ),
    "finding.fork_shown": (
        "日志公开了与已知历史矛盾的检查点（{detail}）。",
        "The log publishes a checkpoint that contradicts what is known ({detail}).",
    ),
    "finding.forgot": (
        "本见证方的记忆曾比自己的签名旧（条目数 {detail}）：目录可能是从备份恢复的，"
        "或另有程序使用同一密钥。记忆已更新。",
        "This witness had forgotten what it signed (entries {detail}): its folder was restored from"
        " a backup, or another process uses the same key. The memory has been brought up to date.",
    ),
    "ours": ("以本机构名义写入的条目", "Entries in our name"),
    "ours_hint": (
        "与本单位的记录核对：若有本单位未作的决定，说明有人冒用本单位名义。",
        "Compare with your own records: a decision you did not take was made in your name.",
    ),
    "no_issuer": (
        "启动时未给出本机构名称（--issuer），因此不作统计。",
        "The witness was started without --issuer, so nothing is counted.",
    ),
    "no_entries": ("暂无以本机构名义写入的条目。", "No entry in our name so far."),
    "month": ("月份", "Month"),
    "total": ("合计", "Total"),
    "latest": ("最近 {n} 条", "Latest {n}"),
    "index": ("序号", "Index"),
    "kind": ("类别", "Kind"),
    "day": ("日期", "Day"),
    "log": ("日志", "Log"),
    "kind.decision": ("决定", "Decision"),
    "kind.credential": ("凭证", "Credential"),
    "kind.status": ("状态列表", "Status list"),
    "kind.key": ("密钥", "Key"),
    "kind.agreement": ("协议", "Agreement"),
    "kind.publication": ("公开结果", "Publication"),
    "refusals": ("已拒绝的请求", "Requests refused"),
    "no_refusals": ("尚未拒绝任何请求。", "No request has been refused."),
    "reason": ("原因", "Reason"),
    "count": ("次数", "Count"),
    "last_time": ("最近一次", "Last time"),
    "refusal.malformed": ("请求格式不对", "Malformed"),
    "refusal.unknown_log": ("不认识的日志", "Unknown log"),
    "refusal.bad_signature": ("没有受信任密钥的签名", "No signature by a trusted key"),
    "refusal.old_above_size": (
        "旧条目数大于检查点的条目数",
        "Old size above that of the checkpoint",
    ),
    "refusal.other_size": (
        "旧条目数与记录不符（日志随后会重试）",
        "Old size is not the one recorded (the log then tries again)",
    ),
    "refusal.fork": ("与已联署的检查点矛盾（分叉）", "Contradicts what was cosigned (fork)"),
    "refusal.bad_proof": ("一致性证明不成立", "Consistency proof does not hold"),
    "refusal.not_witnessed": (
        "文件的检查点未经本见证方联署",
        "Document whose checkpoint was not cosigned here",
    ),
    "refusal.not_proven": ("文件未证明已写入日志", "Document not proven to be logged"),
    "documents": ("代为提供的文件", "Documents mirrored"),
    "documents_hint": (
        "签发机构的网站停用时，仍可在此取得状态列表与公钥。",
        "Status lists and issuer keys can be had here when the issuer's site is down.",
    ),
    "no_documents": ("尚未存有文件。", "No document is held yet."),
    "document": ("文件", "Document"),
    "stated": ("签发时间", "Stated at"),
    "status_list": ("状态列表", "Status list"),
    "keys_of": ("签发机构的密钥记录（{count}）", "Key events of an issuer ({count})"),
    "forks": ("分叉证据", "Evidence of forks"),
    "forks_hint": (
        "同一日志签署了两份不能同真的检查点。请把两份一并交给其他见证方与联合体。",
        "One log signed two checkpoints that cannot both be true. Send both to the other witnesses"
        " and the consortium.",
    ),
    "fork_of": ("{origin}，条目数 {size}", "{origin}, {size} entries"),
    "fork_seen.request": ("来自联署请求，{time}", "came with a request, {time}"),
    "fork_seen.monitor": ("读取日志时发现，{time}", "seen when reading the log, {time}"),
    "fork_kept": ("此前已知", "Known before"),
    "fork_other": ("与之矛盾", "Contradicts it"),
    "fork_nothing": ("（空日志）", "(the empty log)"),
    "keys": ("本见证方的公钥", "Keys of this witness"),
    "keys_hint": (
        "写入验证策略，即可核验本见证方的联署。",
        "With these in a policy anybody can check what was cosigned here.",
    ),
    "scroll": ("可左右滚动的表格", "Table that scrolls sideways"),
}


def say(code: str, language: str, **values: object) -> str:
    """Return one sentence, or its code when there is none (a kind that we do not know)."""
    pair = WORDS.get(code)
    if pair is None:
        return code.partition(".")[2] or code
    return pair[LANGUAGES.index(language)].format(**values)
