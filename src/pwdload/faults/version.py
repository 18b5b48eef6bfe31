"""How the control API names its version: the Toxiproxy whose API it speaks, and that it is the embedded proxy."""

_MARK = "+pwdload"
VERSION = f"2.12.0{_MARK}"
"""Build metadata behind a plus sign: whoever compares versions sees the Toxiproxy."""


def is_embedded(version: str) -> bool:
    """Whether a version is that of the embedded proxy, and not a real Toxiproxy's."""
    return _MARK in version
