"""``python -m pwdload.reference``."""

import sys

from pwdload.reference.cli import main

if __name__ == "__main__":
    sys.exit(main())
