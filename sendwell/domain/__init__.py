"""Pure decisions: no clock, no chance, no I/O. Everything here is a function of its arguments."""
