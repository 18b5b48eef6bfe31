"""What the instrument is worth: known truths, what a run made of them, and the certificate that says so.

Truths, realizations and comparisons are pure; `process` and `drive` start the reference target and the harness.
"""

from pwdload.calibration.certificate import Certificate, read_certificate, write_certificate
from pwdload.calibration.headroom import refusal

__all__ = ["Certificate", "read_certificate", "refusal", "write_certificate"]
