"""What was seen of a load, made up for tests of criteria."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pwdload.criteria import Observed

Floats = npt.NDArray[np.float64]


def seen(due_s: Any, took_s: Any = 0.1, **columns: Any) -> Observed:
    """Return exchanges by when they were due and how long each took, accepted changes unless columns say otherwise."""
    due: Floats = np.atleast_1d(np.asarray(due_s, dtype=float))
    took = np.broadcast_to(np.asarray(took_s, dtype=float), due.shape)
    plain = {
        "due_s": due,
        "sent_s": due,
        "done_s": due + took,
        "failed": np.zeros(len(due), dtype=bool),
        "shed": np.zeros(len(due), dtype=bool),
        "changed": np.ones(len(due), dtype=bool),
        "step": _texts("update_password", due),
        "case": _texts("valid_change", due),
        "stage": _texts("", due),
        "flow_due_s": due,
        "measured": np.ones(len(due), dtype=bool),
    }
    return Observed(**plain | {name: _column(value, due) for name, value in columns.items()})


def evenly(count: int, per_s: float = 10.0) -> Floats:
    """Return when so many exchanges are due at an even rate."""
    return np.arange(count) / per_s


def _texts(text: str, due: Floats) -> npt.NDArray[np.object_]:
    return np.full(len(due), text, dtype=object)


def _column(value: Any, due: Floats) -> Any:
    return _texts(value, due) if isinstance(value, str) else np.broadcast_to(np.asarray(value), due.shape)
