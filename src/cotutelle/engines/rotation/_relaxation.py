# mypy: allow-untyped-defs
# ruff: noqa: PLR0912, PLR0915, PLR0917, PLR1730  (kernels: the compiler wants plain loops and arguments)
"""
Compiled kernels: how a trainee could go on at best, if blocks were only counted.

`relax` forgets which blocks were done. What then goes wrong costs something: a block done twice its
toll, a block done before its forerunner the difference of two amounts that fall with time, a
hospital its fee. `set_tolls` finds good amounts (a Lagrangian dual): without changes of hospital
the relaxation would then miss nothing, since choosing blocks and periods is an assignment.

**Source.** Christofides, Mingozzi, Toth (Mathematical Programming 20, 1981) for state-space
relaxation with multipliers; Christofides, Alvarez-Valdes, Tamarit (European Journal of Operational
Research 29, 1987) for orders period by period.

Shapes: blocks n, options m, horizon T, kinds k, hospitals h, sorts of blocks (kind and length) s,
orders q. Floats are 8 bytes, integers too.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_NONE = -np.inf
_EPSILON = 1e-9
#: How much of the last direction goes on; fewer steps in vain shorten the next ones.
_MEMORY, _PATIENCE, _SHORTER = 0.7, 3, 0.8


@njit(
    "f8(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], f8[:, ::1], i8, i8[:, ::1], f8[::1], f8[::1],"
    " f8[:, ::1], f8[:, :, ::1], i8[:, :, ::1])",
    nogil=True,
    cache=True,
)
def _peaks(months, first, hospital, place, sort, gain, most, order, toll, fee, late, peak, choice):
    """
    Fill in the best option of each sort, period and hospital; return what the tolls earn.

    ``late[q, t]`` falls with t: whoever begins the follower of order q at t pays it, whoever ends
    the forerunner at t gets it back (and pays ``late[q, 0]``, which is due anyway, where the
    follower may be done alone).
    """
    horizon = gain.shape[1]
    rate = np.empty((months.shape[0], horizon))
    for b in range(months.shape[0]):
        rate[b] = toll[b]
    earned = toll.sum() + most * fee.sum()
    for q in range(order.shape[0]):
        before, after = order[q, 0], order[q, 1]
        base = 0.0
        if order[q, 2]:
            base = late[q, 0]
        earned += base
        for t in range(horizon):
            rate[after, t] += late[q, t]
            end = min(horizon, t + months[before])
            rate[before, t] += base - late[q, end]
    peak[:] = _NONE
    for b in range(months.shape[0]):
        s = sort[b]
        for o in range(first[b], first[b + 1]):
            h, due = hospital[o], fee[place[o]]
            for t in range(horizon):
                net = gain[o, t] - rate[b, t] - due
                if net > peak[s, h, t]:
                    peak[s, h, t] = net
                    choice[s, h, t] = o
    return earned


@njit("i8(i8, i8[:, ::1], i8[::1], i8, i8[::1])", nogil=True, cache=True)
def _numbers_after(mask, sorts, digit, root, numbers):
    """List the numbers above 0 that can be left once the followed blocks of mask are done."""
    count = 0
    for c in range(1, root + 1):
        possible = True
        for k in range(digit.shape[0] - 1):
            base, done = digit[k + 1] // digit[k] - 1, 0
            for s in range(sorts.shape[0]):
                if sorts[s, 0] == k and sorts[s, 2] & mask:
                    done += 1
            possible = possible and c % digit[k + 1] // digit[k] <= base - done
        if possible:
            numbers[count] = c
            count += 1
    return count


@njit(
    "void(i8[:, ::1], i8[::1], f8[:, :, ::1], f8[::1], f8[::1], f8, i8[:, ::1], f8[:, :, :, ::1])",
    nogil=True,
    cache=True,
)
def _relax(sorts, digit, peak, idle, trail, change, least, left):
    """
    Fill in the best that can still be reached.

    A state is (followed blocks done, period, numbers still to do, last hospital); the numbers of
    all kinds are one integer with the weights ``digit``. ``sorts`` has a row (kind, length, bit of
    the block if it is followed, bits that must be done before, bits that may not) for each sort;
    ``least[c]`` is the fewest months that the numbers c need, and that what was done took.
    """
    horizon, hospitals, root = idle.shape[0], left.shape[3], left.shape[2] - 1
    arrive = np.empty(hospitals)
    usable, numbers = np.empty(sorts.shape[0], np.int64), np.empty(root + 1, np.int64)
    left[:] = _NONE
    for mask in range(left.shape[0] - 1, -1, -1):
        left[mask, :, 0, :] = trail.reshape(-1, 1)
        several = 0
        for s in range(sorts.shape[0]):
            if not mask & (sorts[s, 2] | sorts[s, 4]) and not sorts[s, 3] & ~mask:
                usable[several] = s
                several += 1
        count = _numbers_after(mask, sorts, digit, root, numbers)
        for t in range(horizon - 1, -1, -1):
            for i in range(count):
                c = numbers[i]
                if least[c, 0] > horizon - t or least[c, 1] > t:
                    continue
                arrive[:] = _NONE
                for j in range(several):
                    s = usable[j]
                    k, end = sorts[s, 0], t + sorts[s, 1]
                    if end > horizon or c % digit[k + 1] < digit[k]:
                        continue
                    then, after = mask | sorts[s, 2], c - digit[k]
                    for h in range(hospitals):
                        value = peak[s, h, t] + left[then, end, after, h]
                        if value > arrive[h]:
                            arrive[h] = value
                top = arrive.max()
                for h in range(hospitals):
                    value = max(arrive[h], top - change)
                    left[mask, t, c, h] = max(value, idle[t] + left[mask, t + 1, c, h])


@njit(
    "i8(i8[:, ::1], i8[::1], f8[:, :, ::1], i8[:, :, ::1], f8[::1], f8, f8[:, :, :, ::1],"
    " i8[:, ::1])",
    nogil=True,
    cache=True,
)
def _follow(sorts, digit, peak, choice, idle, change, left, path):
    """Write the options and starts of the way that `_relax` likes best; return their number."""
    mask, t, c, h = 0, 0, left.shape[2] - 1, left[0, 0, left.shape[2] - 1].argmax()
    count = 0
    while c:
        now = left[mask, t, c, h]
        if idle[t] + left[mask, t + 1, c, h] == now:
            t += 1
            continue
        gap, best_s, best_h = np.inf, -1, 0
        for s in range(sorts.shape[0]):
            k, end = sorts[s, 0], t + sorts[s, 1]
            if end > idle.shape[0] or c % digit[k + 1] < digit[k]:
                continue
            if mask & (sorts[s, 2] | sorts[s, 4]) or sorts[s, 3] & ~mask:
                continue
            for other in range(left.shape[3]):
                value = peak[s, other, t] + left[mask | sorts[s, 2], end, c - digit[k], other]
                if other != h and count:
                    value -= change
                if abs(now - value) < gap:
                    gap, best_s, best_h = abs(now - value), s, other
        path[count, 0], path[count, 1] = choice[best_s, best_h, t], t
        count += 1
        mask |= sorts[best_s, 2]
        t, c, h = t + sorts[best_s, 1], c - digit[sorts[best_s, 0]], best_h
    return count


@njit(
    "void(i8[::1], i8[::1], i8[::1], i8, i8[:, ::1], i8[:, ::1], i8, f8[::1], f8[::1], f8[:, ::1])",
    nogil=True,
    cache=True,
)
def _wrongs(months, first, place, most, order, path, count, done, visits, early):
    """
    Add by how much the way breaks each rule that has a toll (negative: not used up).

    Earlier ways still count a little (Camerini, Fratta, Maffioli, Mathematical Programming Study 3,
    1975): one way alone says little.
    """
    done[:] = _MEMORY * done - 1.0
    visits[:] = _MEMORY * visits - most
    early[:] *= _MEMORY
    horizon = early.shape[1] - 1
    for q in range(order.shape[0]):
        if order[q, 2]:
            early[q, :horizon] -= 1.0
    for i in range(count):
        b = np.searchsorted(first, path[i, 0], side="right") - 1
        done[b] += 1.0
        visits[place[path[i, 0]]] += 1.0
        end = path[i, 1] + months[b]
        for q in range(order.shape[0]):
            if order[q, 1] == b:
                early[q, path[i, 1] : horizon] += 1.0
            elif order[q, 0] == b and order[q, 2]:
                early[q, : min(end, horizon)] += 1.0
            elif order[q, 0] == b:
                early[q, end:horizon] -= 1.0


@njit(
    "f8(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[:, ::1], i8[::1], f8[:, ::1],"
    " f8[::1], f8[::1], f8, i8, i8[:, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, ::1],"
    " f8[:, :, :, ::1], f8, i8, i8[::1])",
    nogil=True,
    cache=True,
)
def set_tolls(
    months, kind, first, hospital, place, sort, sorts, digit, gain, idle, trail, change, most, order,
    least, toll, fee, late, left, known, rounds, twice,
):  # fmt: skip
    """
    Improve the tolls by subgradient steps and leave the relaxation at the best; return the bound.

    ``known`` is the value of a schedule, or -inf; ``most`` is 0 where hospitals are not counted.
    ``twice`` gets how often each block was done more than once in the later rounds.
    """
    hospitals, horizon = left.shape[3], idle.shape[0]
    peak = np.empty((sorts.shape[0], hospitals, horizon))
    choice = np.empty((sorts.shape[0], hospitals, horizon), np.int64)
    path = np.empty((horizon + 1, 2), np.int64)
    times = np.zeros(toll.shape[0], np.bool_)
    twice[:] = 0
    done, visits, early = np.zeros(toll.shape[0]), np.zeros(fee.shape[0]), np.zeros(late.shape)
    steps = late.copy()
    for t in range(horizon):
        steps[:, t] -= late[:, t + 1]
    best_toll, best_fee, best_late = toll.copy(), fee.copy(), late.copy()
    best, pace, since = np.inf, 1.0, 0
    for turn in range(rounds + 1):
        if turn == rounds:
            toll[:], fee[:], late[:] = best_toll, best_fee, best_late
        earned = _peaks(
            months, first, hospital, place, sort, gain, most, order, toll, fee, late, peak, choice
        )
        _relax(sorts, digit, peak, idle, trail, change, least, left)
        bound = left[0, 0, -1].max() + earned
        if bound < best - _EPSILON:
            best, since = bound, 0
            best_toll[:], best_fee[:], best_late[:] = toll, fee, late
        else:
            since += 1
        if turn == rounds or bound == _NONE or bound <= known + _EPSILON:
            return bound
        if since >= _PATIENCE:
            pace, since = _SHORTER * pace, 0
        count = _follow(sorts, digit, peak, choice, idle, change, left, path)
        _wrongs(months, first, place, most, order, path, count, done, visits, early)
        if 2 * turn < rounds:
            twice[:] = 0
        for i in range(count):
            b = np.searchsorted(first, path[i, 0], side="right") - 1
            if times[b]:
                twice[b] += 1
            times[b] = True
        times[:] = False
        norm = 0.0
        for b in range(toll.shape[0]):
            if kind[b] and done[b] < 0.0 and toll[b] <= 0.0:
                done[b] = 0.0
            norm += done[b] * done[b]
        for p in range(fee.shape[0]):
            if most == 0 or (visits[p] < 0.0 and fee[p] <= 0.0):
                visits[p] = 0.0
            norm += visits[p] * visits[p]
        for q in range(order.shape[0]):
            for t in range(horizon):
                if early[q, t] < 0.0 and steps[q, t] <= 0.0:
                    early[q, t] = 0.0
                norm += early[q, t] * early[q, t]
        if norm == 0.0:
            rounds = turn + 1
            continue
        aim = known if known > _NONE else bound - 0.02 * abs(bound) - 1.0
        step = pace * max(bound - aim, 1e-3) / norm
        for b in range(toll.shape[0]):
            toll[b] += step * done[b]
            if kind[b] and toll[b] < 0.0:
                toll[b] = 0.0
        for p in range(fee.shape[0]):
            fee[p] = max(0.0, fee[p] + step * visits[p])
        for q in range(order.shape[0]):
            for t in range(horizon - 1, -1, -1):
                steps[q, t] = max(0.0, steps[q, t] + step * early[q, t])
                late[q, t] = late[q, t + 1] + steps[q, t]
    return best
