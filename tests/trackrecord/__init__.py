"""The oracle's track record: named defects of the stand-in, and how each is found."""
