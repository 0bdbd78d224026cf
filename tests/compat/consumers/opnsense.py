"""Reads a report as OPNsense's traffic page does: a line with an arrow is split at blanks, a leading
word without a dot or colon is the row's number, then come host, arrow and four numbers; units are in
steps of 1000. Prints `right host, bits per second in, out, bytes in, out` of each right host.
"""

import sys
from decimal import Decimal

UNITS = {"kb": 1000, "mb": 1000**2, "gb": 1000**3, "b": 1}


def number(text):
    text = text.lower()
    unit = next(unit for unit in UNITS if text.endswith(unit))
    return int(Decimal(text[: -len(unit)]) * UNITS[unit])


hosts = {}
other = None
for line in sys.stdin:
    if "=>" not in line and "<=" not in line:
        continue
    words = line.split()
    if "." not in words[0] and ":" not in words[0]:
        words.pop(0)
    host, numbers = words[0], (number(words[2]), number(words[5]))
    if "=>" in line:
        other = numbers
        continue
    sums = hosts.setdefault(host, [0, 0, 0, 0])
    for place, value in enumerate((other[0], numbers[0], other[1], numbers[1])):
        sums[place] += value
for host, sums in hosts.items():
    print(host, *sums)
