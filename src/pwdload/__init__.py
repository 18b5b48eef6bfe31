"""pwdload: load and resilience testing of the change of an expired password.

A scenario is a value; running it yields a history; every claim is a pure function of that history.
"""
