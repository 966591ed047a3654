"""
The exact model of mutual selection, by OR-tools: proven optima, minimum quotas, weights.

Loading it takes half a second: import it inside functions only.
"""

from cotutelle.engines.matching.exact.diagnosis import diagnose
from cotutelle.engines.matching.exact.rematch import rematch
from cotutelle.engines.matching.exact.solving import solve_exact

__all__ = ["diagnose", "rematch", "solve_exact"]
