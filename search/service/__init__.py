"""The service: studies over HTTP. It writes the queue and reads the record; it trains nothing."""
