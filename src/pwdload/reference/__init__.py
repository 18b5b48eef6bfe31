"""A target whose every answer time is known in advance: what the instrument is held against.

A separate program, ``python -m pwdload.reference``: it imports nothing of ours and nothing of ours imports it, so that
what it dictates and what the harness expects are worked out twice. It answers a login as OneAccess does for an expired
password, and holds each answer exactly until its truth says so.
"""
