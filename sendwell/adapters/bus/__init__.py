"""Buses, one file or package a broker: the same port on each."""
