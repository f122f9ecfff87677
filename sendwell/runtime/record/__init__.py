"""What a service does on its way to the audit log, which is another service's."""
