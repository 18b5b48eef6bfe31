"""Prints the JSON schema of scenario files: `python -m pwdload.scenario.schema > scenarios/scenario.schema.json`."""

import json
import sys

from pwdload.scenario.structure import json_schema

if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
