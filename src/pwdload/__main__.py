"""The command `pwdload`, which `python -m pwdload` is too."""

import gc


def main() -> None:
    """Import the command line, and run it."""
    gc.disable()  # what is imported stays: to look through it for garbage takes a fifth of the time until then
    from pwdload.cli import main as run  # noqa: PLC0415 - as above

    gc.enable()
    run()


if __name__ == "__main__":
    main()
