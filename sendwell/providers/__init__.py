"""One file a vendor, found by walking this folder and by entry points."""
