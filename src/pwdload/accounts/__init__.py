"""Test accounts: where they come from, which password each has, and who may use one at a time."""
