"""Orders in JSON, as CSV on standard output; those without a total are left out."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as stream:
    orders = json.load(stream)
for order in orders:
    if order["total"] > 0:
        print(order["id"], order["region"], order["total"], sep=",")
