"""Faults by the kernel's network: delay and loss by `tc netem`, packets dropped or refused by `nft`.

For two network namespaces with a cable between them, or an interface that the user names. Never required: `probe` says
what this machine can do, and what it lacks.
"""
