"""What the outside must be able to do for us: Protocols whose docstrings are the contracts."""
