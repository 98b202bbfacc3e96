"""Where runs are kept. `contract.py` is the promise; each module beside it keeps the promise on one kind of store."""
