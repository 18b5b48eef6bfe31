"""New connections are refused."""

from pwdload.faults.door import Doorway
from pwdload.faults.kind import Kind
from pwdload.faults.toxic import Scope

KIND = Kind(
    name="refuse",
    words="refuses new connections (RST to their SYN); open ones stay",
    scopes=(Scope.CONNECTION,),
    stage=lambda _: None,
    door=lambda _: Doorway.REFUSED,
)
