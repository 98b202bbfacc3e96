"""The notifier: delivers what people are to be told, by mail and to webhooks."""
