"""Nothing at all: what every measurement of a fault is held against."""

from pwdload.faults.kind import Kind

KIND = Kind(name="noop", words="does nothing")
