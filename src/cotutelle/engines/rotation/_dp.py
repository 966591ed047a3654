# mypy: allow-untyped-defs
# ruff: noqa: PLR0912, PLR0915, PLR0917, PLR1730  (kernels: the compiler wants plain loops and arguments)
"""
Compiled kernels: the best schedule of one trainee against prices.

A state is (blocks done, period, last hospital). `best_of_all` keeps states in a table, for few
blocks, and goes on only from those that can still reach a known value. `best_labels` keeps only states that can still win by the bound of `relax`, which
forgets which blocks were done and counts them instead, with a price on each block that makes
repeats expensive.

Shapes: blocks n, options m, horizon T, kinds k, hospitals h. Floats are 8 bytes, integers too.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_NONE = -np.inf
_ROUNDING = 1e-6


@njit(
    "void(i8[::1], i8[::1], i8[::1], i8[::1], b1[:, ::1], i8[::1], f8[:, ::1], f8, f8, f8,"
    " f8[:, ::1], f8[::1], f8[::1])",
    nogil=True,
    cache=True,
)
def gains(
    months, first, ward, score, open_, before, prices, scale, idle_cost, keep, gain, idle, trail
):
    """
    Fill in what each option brings at each start, each idle period costs, and the end leaves.

    ``before`` is the ward of each period in the plan in force (-1: idle; keep = 0 without one).
    """
    horizon = idle.shape[0]
    trail[horizon] = 0.0
    for t in range(horizon - 1, -1, -1):
        left = keep if before[t] >= 0 else 0.0
        idle[t] = -idle_cost * scale - left
        trail[t] = trail[t + 1] - left
    for b in range(months.shape[0]):
        for o in range(first[b], first[b + 1]):
            for t in range(horizon):
                if not open_[b, t]:
                    gain[o, t] = _NONE
                    continue
                value = scale * score[o]
                for u in range(t, t + months[b]):
                    value -= prices[ward[o], u]
                    if before[u] != ward[o]:
                        value -= keep
                gain[o, t] = value


@njit("i8(i8)", nogil=True, cache=True)
def _count(mask):
    """Return the number of bits."""
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@njit(
    "i8(i8[::1], i8[::1], i8[::1], i8[::1], f8[:, ::1], f8[::1], f8, i8, i8, f8[::1], b1[::1],"
    " i8[::1], i8[:, ::1], i8, i8)",
    nogil=True,
    cache=True,
)
def _trace(
    months, bar, first, hospital, gain, idle, change, hospitals, row, table, reached, lengths,
    path, mask, w,
):  # fmt: skip
    """Walk back from the best last state by repeating the sums that led there."""
    count = _count(mask)
    at = count
    here = mask * row + w * hospitals
    h = 0
    for other in range(hospitals):
        if table[here + other] > table[here + h]:
            h = other
    while mask:
        t = lengths[mask] + w
        now = table[mask * row + w * hospitals + h]
        if w and table[mask * row + (w - 1) * hospitals + h] + idle[t - 1] == now:
            w -= 1
            continue
        found = False
        for b in range(months.shape[0]):
            rest = mask ^ (1 << b)
            if found or not mask >> b & 1 or not reached[rest] or rest & bar[b]:
                continue
            came = rest * row + w * hospitals
            top, top_hospital = _NONE, 0
            for other in range(hospitals):
                if table[came + other] > top:
                    top, top_hospital = table[came + other], other
            last, value = h, table[came + h]
            if rest and top - change > value:
                last, value = top_hospital, top - change
            if value == _NONE:
                continue
            for o in range(first[b], first[b + 1]):
                start = t - months[b]
                if not found and hospital[o] == h and value + gain[o, start] == now:
                    found = True
                    at -= 1
                    path[at, 0], path[at, 1] = o, start
                    mask, h = rest, last
        if not found:
            return -1
    return count


@njit(
    "f8(i8[:, :, ::1], i8[::1], i8[::1], i8[::1], i8[::1], f8[:, ::1], f8[::1], f8[::1], f8)",
    nogil=True,
    cache=True,
)
def best_known(paths, counts, months, of, hospital, gain, idle, trail, change):
    """
    Return the value of the best of these schedules, -inf if there is none.

    ``paths`` are (option, start) in order, as many as ``counts`` says; ``of`` is each option's
    block.
    """
    best = _NONE
    for number in range(counts.shape[0]):
        value, t = 0.0, 0
        for i in range(counts[number]):
            o, start = paths[number, i, 0], paths[number, i, 1]
            for u in range(t, start):
                value += idle[u]
            value += gain[o, start]
            if i and hospital[o] != hospital[paths[number, i - 1, 0]]:
                value -= change
            t = start + months[of[o]]
        if counts[number]:
            best = max(best, value + trail[t])
    return best


@njit("void(i8[::1], f8[:, ::1], f8[:, ::1])", nogil=True, cache=True)
def _hopes(first, gain, hope):
    """Fill in what each block brings at most if it begins at t or later."""
    horizon = gain.shape[1]
    for b in range(hope.shape[0]):
        hope[b, horizon] = _NONE
        for t in range(horizon - 1, -1, -1):
            most = hope[b, t + 1]
            for o in range(first[b], first[b + 1]):
                most = max(most, gain[o, t])
            hope[b, t] = most


@njit("f8(i8, i8, i8[::1], i8[::1], f8[:, ::1])", nogil=True, cache=True)
def _hope_after(mask, t, kind, quota, hope):
    """Return what nothing done after ``mask``, from ``t`` on, exceeds."""
    total = 0.0
    for b in range(kind.shape[0]):
        if not kind[b] and not mask >> b & 1:
            total += hope[b, t]
    for k in range(1, quota.shape[0]):
        left, taken = quota[k], mask
        for b in range(kind.shape[0]):
            if kind[b] == k and mask >> b & 1:
                left -= 1
        for _ in range(left):
            most, at = _NONE, -1
            for b in range(kind.shape[0]):
                if kind[b] == k and not taken >> b & 1 and hope[b, t] > most:
                    most, at = hope[b, t], b
            total += most
            if at >= 0:
                taken |= 1 << at
    return total


@njit(
    "i8(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], f8[:, ::1],"
    " f8[::1], f8[::1], i8[::1], f8, i8, i8, f8, f8[:, ::1], f8[::1], b1[::1], i8[::1],"
    " i8[:, ::1], f8[::1])",
    nogil=True,
    cache=True,
)
def best_of_all(
    months, need, bar, kind, quota, members, first, hospital, gain, idle, trail, due,
    change, hospitals, slack, known, hope, table, reached, lengths, path, value,
):  # fmt: skip
    """
    Find the best schedule among all subsets; return its number of stays, -1 if there is none.

    ``known`` is the value of some schedule (or -inf): what cannot reach it is not followed, which
    changes speed, never the schedule. ``hope`` (n, horizon + 1), ``table`` (2^n · (slack + 1) · h),
    ``reached`` and ``lengths`` (2^n) are scratch. ``path`` gets (option, start) in order,
    ``value[0]`` the value.
    """
    n, horizon, row = months.shape[0], idle.shape[0], (slack + 1) * hospitals
    size = 1 << n
    arrive = np.empty(hospitals)
    least = known - _ROUNDING
    _hopes(first, gain, hope)
    reached[:size] = False
    reached[0], lengths[0] = True, 0
    table[:row] = _NONE
    table[:hospitals] = 0.0
    best, best_mask, best_slack = _NONE, -1, -1
    for mask in range(size):
        if not reached[mask]:
            continue
        full = _count(mask & members[0]) == quota[0]
        for k in range(1, quota.shape[0]):
            full = full and _count(mask & members[k]) == quota[k]
        for w in range(slack + 1):
            t = lengths[mask] + w
            if t > horizon:
                break
            here = mask * row + w * hospitals
            top = _NONE
            for h in range(hospitals):
                top = max(top, table[here + h])
            if top == _NONE:
                continue
            if full:
                if top + trail[t] > best:
                    best, best_mask, best_slack = top + trail[t], mask, w
                continue
            if due[t] & ~mask or top + _hope_after(mask, t, kind, quota, hope) < least:
                continue
            if t < horizon and w < slack:
                for h in range(hospitals):
                    moved = table[here + h] + idle[t]
                    if moved > table[here + hospitals + h]:
                        table[here + hospitals + h] = moved
            if t >= horizon:
                continue
            for h in range(hospitals):
                arrive[h] = table[here + h]
                if mask and top - change > arrive[h]:
                    arrive[h] = top - change
            for b in range(n):
                bit = 1 << b
                if mask & (bit | bar[b]) or need[b] & ~mask:
                    continue
                k = kind[b]
                if k and _count(mask & members[k]) >= quota[k]:
                    continue
                target = mask | bit
                for o in range(first[b], first[b + 1]):
                    if gain[o, t] == _NONE:
                        continue
                    if not reached[target]:
                        reached[target], lengths[target] = True, lengths[mask] + months[b]
                        table[target * row : (target + 1) * row] = _NONE
                    cell = target * row + w * hospitals + hospital[o]
                    moved = arrive[hospital[o]] + gain[o, t]
                    if moved > table[cell]:
                        table[cell] = moved
    value[0] = best
    if best_mask < 0:
        return -1
    return _trace(
        months, bar, first, hospital, gain, idle, change, hospitals, row, table, reached, lengths,
        path, best_mask, best_slack,
    )  # fmt: skip
