"""What must be well before a run: this machine, the target, its accounts, and the plan that is made of them.

    findings.py   Finding, its status, and the exit code of all together
    machine.py    versions and limits of this machine
    plan.py       rate, accounts and generator against the plan
    network.py    permission, names, TCP, TLS, and the first answer with its Date
    accounts.py   one account of the ledger, leased and written down as a run does
    flow.py       one login and one change that must be refused
    examine.py    all of them in their order

Each check is a function that gives a `Finding`: what is checked, how it is, the value that says so, and what to do in
one sentence. What a failed check stands in the way of is not checked, and says so: doubt is never "ok".
"""
