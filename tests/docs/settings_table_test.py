"""Whether the tables of settings and policies of a guide are what a service has. settings_table_test.py GUIDE SERVICE"""

import pathlib
import re
import subprocess
import sys

guide, service = sys.argv[1:]
row = re.compile(r"^\| `--([a-z-]+) [A-Z:]+` \| `([A-Z_]+)` \| `([a-z_]+)` \| (?:`(.*?)`|.*?) \|")
told = {m[3]: m.groups() for m in map(row.match, pathlib.Path(guide).read_text().splitlines()) if m}
printed = subprocess.run([service, "--print-config"], capture_output=True, text=True, check=True, env={}).stdout
real = dict(re.findall(r'^([a-z_]+) = "(.*?)" +# default$', printed.split("[subscription")[0], re.M))

faults = []
if told.keys() != real.keys():
    faults.append(f"the table has {sorted(told)}, the service has {sorted(real)}")
for key, (flag, variable, _, default) in told.items():
    if flag != key.replace("_", "-") or variable != "TIDINGS_" + key.upper():
        faults.append(f"{key}: flag and variable are not named after it: --{flag}, {variable}")
    if default is not None and default != real.get(key):
        faults.append(f"{key}: the default is {real.get(key)!r}, the table says {default!r}")
    # Each name is understood.
    value = {"log_level": "warn", "log_format": "json", "drain_deadline": "7s", "admin": "127.0.0.1:0"}.get(key, "local:/x")
    for how, arguments, variables in (("flag", [f"--{flag}", value], {}), ("environment", [], {variable: value})):
        run = subprocess.run([service, *arguments, "--print-config"], capture_output=True, text=True, env=variables)
        line = re.search(rf'^{key} = "{re.escape(value)}" +# (.*)$', run.stdout, re.M)
        if line is None or how not in line[1].replace("--", "flag "):
            faults.append(f"{key} by {how}: {line[0] if line else run.stderr or run.stdout}")
# Policies: in this order, at their place, with these defaults. The service has no batches.
row = re.compile(r"^\| `([a-z_.]+)` \| (subscription|handler|handler of batches|topic) \| `?([^|`,]+(?:, [a-z, ]+?)?)`?(?:, with .*)? \|")
told = [m.groups() for m in map(row.match, pathlib.Path(guide).read_text().splitlines()) if m]
shown = []
for table in printed.split("\n[")[1:]:
    head = table.splitlines()[0]
    place = "handler" if ".handler." in head else head.split(".")[0]
    shown += [(key, place, value.strip('"'), origin) for key, value, origin in re.findall(r"^([a-z_.]+) = (.*?) +# (.*)$", table, re.M)]
if [(key, place) for key, place, _ in told if not key.startswith("batch.")] != [(key, place) for key, place, _, _ in shown]:
    faults.append(f"the table has {told}, the service has {shown}")
for key, place, value, origin in shown:
    if origin == "default" and (key, place, value) not in told:
        faults.append(f"{key} of a {place}: the default is {value!r}")
if faults:
    sys.exit("\n".join(faults))
