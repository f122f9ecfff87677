"""What providers say later: webhooks become receipts, and receipts move deliveries."""
