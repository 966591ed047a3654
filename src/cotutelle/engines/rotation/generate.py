"""Made-up problems whose answer is known: a known optimum, or a known conflict."""

from cotutelle.engines.rotation.generate_conflicts import CONFLICTS, planted_conflict
from cotutelle.engines.rotation.generate_planted import BASE, planted, planted_cost

__all__ = ["BASE", "CONFLICTS", "planted", "planted_conflict", "planted_cost"]
