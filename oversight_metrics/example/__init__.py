"""A shop's service for orders, measured: with Starlette, and with nothing but the standard library."""
