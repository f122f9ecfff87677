"""What rendering consists of: a grammar, a language of filters, a meter, and an engine that runs."""
