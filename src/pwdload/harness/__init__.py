"""Where Locust comes in, and the only room that imports it: importing Locust patches sockets process-wide.

A locustfile needs `install`, `PasswordUpdateUser` and `case_task`.
"""

from pwdload.harness.lifecycle import install
from pwdload.harness.users import PasswordUpdateUser, case_task

__all__ = ["PasswordUpdateUser", "case_task", "install"]
