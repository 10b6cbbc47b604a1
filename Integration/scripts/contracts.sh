#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Validates contracts against the published JSON Schema of the Open Data Contract Standard 3.1.0 and lints them. Installs
# the linter, which carries the schema, from PyPI at the first call.
#   Integration/scripts/contracts.sh FILE...
set -euo pipefail
: "${1:?"usage: $0 FILE..."}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$root/.build/contracts
if [ ! -e "$venv/installed" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check datacontract-cli==1.2.8 jsonschema==4.26.0
    touch "$venv/installed"
fi
"$venv/bin/python" - "$@" <<'PYTHON'
import json, pathlib, sys
import datacontract, jsonschema, yaml

schemas = pathlib.Path(datacontract.__path__[0]) / "schemas"
schema = json.loads((schemas / "odcs-3.1.0.schema.json").read_text())
validator = jsonschema.validators.validator_for(schema)(schema)
for path in sys.argv[1:]:
    errors = list(validator.iter_errors(yaml.safe_load(pathlib.Path(path).read_text())))
    for error in errors:
        print(f"{path}: {error.json_path}: {error.message}", file=sys.stderr)
    if errors:
        sys.exit(1)
    print(f"{path}: valid")
PYTHON
for file in "$@"; do
    "$venv/bin/datacontract" lint "$file" >&2
    echo "$file: linted"
done
