"""The stand-in: a separate program with the OneAccess endpoints that a forced change of password needs.

It is started as a process (``pwdload standin``), shares no code with the rest of the project and reads the
published contract on its own: a misreading on one side shows as a difference, not as a pass. What the documentation
leaves open is a setting; ``pwdload standin settings`` lists them with their defaults and how sure they are.
"""
