"""``python -m pwdload.standin``."""

import sys

from pwdload.standin.cli import main

if __name__ == "__main__":
    sys.exit(main())
