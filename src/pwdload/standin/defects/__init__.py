"""What can be broken in the stand-in on purpose, by name: the harness is proved by the defects that it must find.

Each defect is a class or two that take the place of healthy ones when the parts are put together; the healthy code
does not know of them. `registry` has the list.
"""
