"""`python -m pwdload` is the command `pwdload`."""

from pwdload.cli import main

main()
