"""Access through oauth2-proxy: allowed paths, callers and generated configuration."""
