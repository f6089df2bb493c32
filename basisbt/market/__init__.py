"""Market data: files on disk become one aligned panel. Knows neither config nor engine."""
