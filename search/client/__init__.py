"""A client of the service: asks over HTTP, and needs neither a database nor what trains."""
