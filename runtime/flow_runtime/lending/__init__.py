"""How one run is spread over workers: its owner decides and writes, and others run the bodies of tasks that it lends them."""
