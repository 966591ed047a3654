"""Many sessions at one button, on connections of their own, let go together."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection

from cotutelle.core.errors import RuleViolation


def burst(press: Callable[[int], object], count: int) -> list[str]:
    """Return for each session the refusal's code, or nothing when it won."""
    gate = threading.Barrier(count)
    outcomes = ["never ran"] * count

    def session(n: int) -> None:
        try:
            gate.wait(30)
            press(n)
            outcomes[n] = ""
        except RuleViolation as violation:
            outcomes[n] = violation.code
        except BaseException as error:
            outcomes[n] = repr(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=session, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes
