"""What ends the program with one line instead of a traceback."""


class StandinError(Exception):
    """Something the person who started the program can mend, told in one line; the process exits with 2."""
