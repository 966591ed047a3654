# mypy: allow-untyped-defs
# ruff: noqa: PLR0912, PLR0915, PLR0917  (kernels: the compiler wants plain loops and arguments)
"""
Compiled kernels: the best schedule of one trainee where there are too many subsets for a table.

`best_labels` keeps only the partial schedules that can still win by the bound that the relaxation
with its tolls (`_relaxation`) leaves on how they can go on (Feillet and others, Networks 44, 2004; Righini and Salani, Networks 51, 2008).

Shapes: blocks n, options m, horizon T, kinds k, hospitals h. Floats are 8 bytes, integers too.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_NONE = -np.inf
_EPSILON = 1e-9


@njit("i8(i8, i4[:, ::1], i8[::1], i8[::1], i8[:, ::1])", nogil=True, cache=True)
def _trail_of(label, at, months, first, path):
    """Write the path to the label; return its number of stays."""
    count = 0
    step = label
    while step >= 0:
        if at[step, 3] >= 0:
            count += 1
        step = at[step, 2]
    i = count
    while label > 0:
        option = at[label, 3]
        if option >= 0:
            b = 0
            while first[b + 1] <= option:
                b += 1
            i -= 1
            path[i, 0], path[i, 1] = option, at[label, 5] - months[b]
        label = at[label, 2]
    return count


@njit("i8(i8, i8, i8, i8, i8)", nogil=True, cache=True)
def _slot(key, counts, end, hospital, slots):
    """Return where in the table a label belongs."""
    mixed = key * 0x9E3779B97F4A7C1 + counts * 0x165667B19E3779F + end * 0x27D4EB2F + hospital
    return (mixed ^ (mixed >> 29) ^ (mixed >> 47)) & (slots - 1)


@njit("i8(i4[::1], i4[::1], i8[::1], i8[::1], i4[:, ::1])", nogil=True, cache=True)
def _rebuild(table, head, mask, packed, at):
    """Fill the table with the labels that still wait; return their number."""
    table[:] = -1
    slots, taken = table.shape[0], 0
    for first in head:
        label = first
        while label >= 0:
            slot = _slot(mask[label], packed[label], at[label, 5], at[label, 0], slots)
            while table[slot] >= 0:
                slot = (slot + 1) & (slots - 1)
            table[slot] = label
            taken += 1
            label = at[label, 4]
    return taken


@njit("f8(i8, i8, i8[:, ::1], f8[:, ::1])", nogil=True, cache=True)
def _due_to_orders(done, t, order, late):
    """Return what the tolls of orders still earn once ``done`` is done at t."""
    earned = 0.0
    for q in range(order.shape[0]):
        if done >> order[q, 1] & 1:
            continue
        if done >> order[q, 0] & 1:
            earned += late[q, t]
        elif order[q, 2]:
            earned += late[q, 0]
    return earned


@njit(
    "i8(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1],"
    " f8[:, ::1], f8[::1], f8[::1], i8[::1], f8, i8, i8[:, ::1], f8[::1], f8[::1], f8[:, ::1],"
    " i8[::1], f8[:, :, :, ::1], f8, i8, i8, i8[:, ::1], f8[::1])",
    nogil=True,
    cache=True,
)
def best_labels(
    months, need, bar, kind, quota, digit, first, hospital, place,
    gain, idle, trail, due, change, most, order, toll, fee, late, followed, left,
    known, width, room, path, value,
):  # fmt: skip
    """
    Find the best schedule by labels; return its number of stays, -1 if none better was found.

    At most ``width`` labels go on from a period and at most ``room`` are kept. ``value`` gets the
    value of the schedule and a bound that no schedule exceeds (at least ``known``).
    ``most`` blocks in one hospital are counted where ``place`` has entries.
    """
    n, horizon = months.shape[0], idle.shape[0]
    hospitals, root = left.shape[3], left.shape[2] - 1
    mask, packed = np.empty(room, np.int64), np.empty(room, np.int64)
    at = np.empty((room, 6), np.int32)  # hospital, numbers left, parent, option, next, period
    worth, bound = np.empty(room), np.empty(room)
    slots = 4
    while slots < 2 * room:
        slots *= 2
    table = np.full(slots, -1, np.int32)
    head = np.full(horizon + 1, -1, np.int32)
    mask[0], packed[0], worth[0], bound[0] = 0, 0, 0.0, np.inf
    at[0, 0], at[0, 1], at[0, 2], at[0, 3], at[0, 4], at[0, 5] = hospitals, root, -1, -1, -1, 0
    head[0] = 0
    count, taken, size_free = 1, 1, 0
    free = np.empty(room, np.int32)
    lost, best, best_label = known, known, -1
    waiting = np.empty(room, np.int32)
    for t in range(horizon + 1):
        size = 0
        label = head[t]
        while label >= 0:
            if bound[label] > best + _EPSILON:
                waiting[size] = label
                size += 1
            else:
                free[size_free] = label
                size_free += 1
            label = at[label, 4]
        if size > width:
            ranks = np.argsort(-bound[waiting[:size]], kind="mergesort")
            ranked = waiting[:size][ranks]
            lost = max(lost, bound[ranked[width]])
            free[size_free : size_free + size - width] = ranked[width:]
            size_free += size - width
            waiting[:width] = ranked[:width]
            size = width
        if taken > slots // 2:
            taken = _rebuild(table, head[t + 1 :], mask, packed, at)
        for i in range(size):
            label = waiting[i]
            done, c, h, now = mask[label], at[label, 1], at[label, 0], worth[label]
            if c == 0:
                if now + trail[t] > best:
                    best, best_label = now + trail[t], label
                continue
            if due[t] & ~done or t == horizon:
                continue
            tolls = 0.0
            for b in range(n):
                if not done >> b & 1:
                    tolls += toll[b]
            if place.shape[0]:
                for p in range(fee.shape[0]):
                    tolls += fee[p] * (most - (packed[label] >> 6 * p & 63))
            for b in range(-1, n):
                if b < 0:
                    lo, hi, length, bit, after, earned = -1, 0, 1, 0, c, tolls
                else:
                    bit = 1 << b
                    if done & (bit | bar[b]) or need[b] & ~done:
                        continue
                    if c % digit[kind[b] + 1] < digit[kind[b]]:
                        continue
                    lo, hi, length = first[b], first[b + 1], months[b]
                    after, earned = c - digit[kind[b]], tolls - toll[b]
                end, key = t + length, done | bit
                if end > horizon:
                    continue
                then = 0
                for f in range(followed.shape[0]):
                    then |= (key >> followed[f] & 1) << f
                earned += _due_to_orders(key, end, order, late)
                for o in range(lo, hi):
                    counts = packed[label]
                    if o < 0:
                        new_h, moved = h, now + idle[t]
                    else:
                        if gain[o, t] == _NONE:
                            continue
                        new_h, moved = hospital[o], now + gain[o, t]
                        if h not in (hospitals, new_h):
                            moved -= change
                        if place.shape[0]:
                            if (counts >> 6 * place[o]) & 63 >= most:
                                continue
                            counts += 1 << 6 * place[o]
                    if new_h == hospitals:
                        rest = left[then, end, after].max()
                    else:
                        rest = left[then, end, after, new_h]
                    hope = moved + rest + earned
                    if o >= 0 and place.shape[0]:
                        hope -= fee[place[o]]
                    if hope <= best + _EPSILON:
                        continue
                    slot = _slot(key, counts, end, new_h, slots)
                    other = table[slot]
                    while other >= 0 and (
                        mask[other] != key
                        or packed[other] != counts
                        or at[other, 0] != new_h
                        or at[other, 5] != end
                    ):
                        slot = (slot + 1) & (slots - 1)
                        other = table[slot]
                    if other < 0:
                        if size_free:
                            size_free -= 1
                            other = free[size_free]
                        elif count < room:
                            other = count
                            count += 1
                        else:
                            lost = max(lost, hope)
                            continue
                        table[slot] = other
                        taken += 1
                        mask[other], packed[other] = key, counts
                        at[other, 0], at[other, 1], at[other, 5] = new_h, after, end
                        at[other, 4] = head[end]
                        head[end] = other
                    elif worth[other] >= moved:
                        continue
                    worth[other], bound[other] = moved, hope
                    at[other, 2], at[other, 3] = label, o
    value[0], value[1] = best, max(best, lost)
    if best_label < 0:
        return -1
    return _trail_of(best_label, at, months, first, path)
