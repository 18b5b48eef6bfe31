"""The command `pwdload`, which `python -m pwdload` is too."""

import gc


def main() -> None:
    """Import the command line, and run it."""
    gc.disable()  # all that is imported stays: to look for garbage meanwhile takes a fifth of the time
    from pwdload.cli import main as run  # noqa: PLC0415 - as above

    gc.enable()
    run()


if __name__ == "__main__":
    main()
