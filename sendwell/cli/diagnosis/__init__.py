"""What `sendwell doctor` looks at: one file a part; each finding says what to do."""
