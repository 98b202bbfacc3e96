"""Drawings of a workflow's graph, plain or coloured by the states of a run.

`model.graph_of` turns a plan's workflow into a `Graph`; `render.render` turns that into bytes of one of `render.FORMATS`.
"""
