"""The read side: current status, lists, timeline and the ledger, from the journal."""
