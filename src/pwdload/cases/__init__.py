"""What clients do, right and wrong: a case is a value that says what is sent and what must come back.

`catalogue` lists the cases, `expectation` judges an answer, `play` carries a case out through a client.
"""
