"""Kills at named points of the engine, over workflows that use each part of it."""
