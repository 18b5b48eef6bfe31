"""``python -m pwdload.faults``, which ``pwdload proxy`` becomes."""

import sys

from pwdload.faults.leaving import vanish_on_signals

if __name__ == "__main__":
    vanish_on_signals()
    from pwdload.faults.program import main

    sys.exit(main())
