"""Reports about other systems, each as a test that it is not ours. A name carries the project and the number of the report."""
