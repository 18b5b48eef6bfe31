"""``python -m pwdload.standin``, which ``pwdload standin`` becomes."""

import sys

from pwdload.standin.leaving import interrupt_on_signals, vanish_on_signals

if __name__ == "__main__":
    vanish_on_signals()
    from pwdload.standin.cli import main

    interrupt_on_signals()
    sys.exit(main())
