"""The load as it is seen while it goes on, in the process in charge."""

from pwdload.criteria.live import DELIVERED_WITHIN_S, LiveLoad

__all__ = ["DELIVERED_WITHIN_S", "LiveLoad"]
