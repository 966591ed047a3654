"""
Why a problem has no plan, in rules that people know, and what would help.

First arithmetic, then the plan that comes closest, then an irreducible set of rules that clash,
then the smallest repairs; each repair is shown to work by a plan.
"""

from cotutelle.engines.rotation.diagnosis.findings import Finding
from cotutelle.engines.rotation.diagnosis.search import Diagnosis, diagnose
from cotutelle.engines.rotation.rules import WAIVERS, Repair, Rule, apply_repair

__all__ = [
    "WAIVERS",
    "Diagnosis",
    "Finding",
    "Repair",
    "Rule",
    "apply_repair",
    "diagnose",
]
