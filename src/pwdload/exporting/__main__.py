"""`python -m pwdload.exporting`: started by the process in charge of a run, and of no use without it."""

import sys

from pwdload.exporting.program import main

sys.exit(main())
