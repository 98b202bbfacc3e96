"""A client of a Flow server: typed calls of its REST API, which may be repeated safely."""
