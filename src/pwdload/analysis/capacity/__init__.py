"""How much the target can take: found by a search, or estimated from the levels that a run happens to have."""

from pwdload.analysis.capacity.values import Capacity, Level, Limiter, Shape

__all__ = ["Capacity", "Level", "Limiter", "Shape"]
