"""What rendering consists of: a grammar, filters, a meter, and an engine that runs programs."""
