"""`python -m pwdload.report DIR` is `pwdload report DIR` without what only the other commands need.

The process that each run starts for its report: it begins in half the time.
"""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # what is imported stays: to look through it for garbage takes a fifth of the time until then
    from pwdload.report.program import main

    gc.freeze()
    gc.enable()
    sys.exit(main(sys.argv[1]))
