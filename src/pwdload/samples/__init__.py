"""The Sample: one row per HTTP exchange; the files that keep it, and the way it takes to them.

What a run records is a row of bytes on a `Page` until that becomes a block; a `Sample` is the same with names.

While a process runs, its samples go to `NAME.arrows`, a file of sealed blocks that is readable up to its last complete
block whatever happens to the process. When the process has ended in order, that becomes `NAME.parquet` and is removed.
So a `.arrows` that is still there says that its process did not finish.

A worker's blocks travel to the master, which writes that file for it. Until it is told that a block is safe, a worker
also has it in a spool of its own, `spool/NAME.arrows`; `read_samples` merges what was never delivered.
"""

from pwdload.samples.blocks import Block
from pwdload.samples.delivery import Inbox, Outbox
from pwdload.samples.page import ROWS_MAX, Page
from pwdload.samples.reader import SampleFile, Samples, read_samples
from pwdload.samples.sample import SCHEMA, Sample, to_batch
from pwdload.samples.writer import BlockFile, SampleWriter

__all__ = [
    "ROWS_MAX",
    "SCHEMA",
    "Block",
    "BlockFile",
    "Inbox",
    "Outbox",
    "Page",
    "Sample",
    "SampleFile",
    "SampleWriter",
    "Samples",
    "read_samples",
    "to_batch",
]
