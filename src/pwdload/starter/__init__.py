"""What a team starts from: a locustfile, scenarios and settings of Locust, laid down by `pwdload init`.

The locustfile and the scenarios are those of the checkout; a built package has copies of them (`setup.py`).
"""
