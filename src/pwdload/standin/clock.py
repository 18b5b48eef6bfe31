"""Time as the stand-in sees it: seconds since 1970. A test passes its own."""

import time
from collections.abc import Callable

Clock = Callable[[], float]

system_clock: Clock = time.time
