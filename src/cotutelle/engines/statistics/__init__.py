"""Small statistics with their uncertainty: shares, means, how evenly something is spread."""

from cotutelle.engines.statistics.figures import (
    Estimate,
    gini,
    mean_interval,
    suppressed,
    wilson_interval,
)

__all__ = ["Estimate", "gini", "mean_interval", "suppressed", "wilson_interval"]
